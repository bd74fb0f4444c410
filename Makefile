# The two commands a newcomer needs: "make book" and "make test".
# Everything runs in .venv; nothing outside this folder is changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PORT ?= 8000
RUNS ?= 3

.DEFAULT_GOAL := help
.PHONY: help env book slides offline pdf epub assignments grade proof student test browser audit \
  reference data lint litecheck new-chapter new-paper paper bench serve clean lock
.DELETE_ON_ERROR:

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | \
	  awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

env: $(VENV)/.ready ## make or update .venv from requirements.txt

# The grader and what it rests on; a reader of the book needs none of it.
$(VENV)/.grading: requirements-grading.txt $(VENV)/.ready
	@"$(PY)" -m tools.installer requirements-grading.txt
	@touch "$@"

$(VENV)/.ready: requirements.txt pyproject.toml tools/env.sh
	@PYTHON="$(PYTHON)" sh tools/env.sh "$(VENV)"
	@touch "$@"

book: $(VENV)/.ready ## build the site into _build/html
	@"$(BIN)/jupyter-book" build . -W -n --keep-going
	@"$(PY)" -m tools.lite
	@"$(PY)" -m tools.slides
	@echo "The book is in _build/html; open _build/html/index.html, or run 'make serve'."

slides: $(VENV)/.ready ## make the slides of the built site anew where a sheet or a page changed
	@"$(PY)" -m tools.slides

offline: book ## put the site into one zip that works without a network
	@"$(PY)" -m tools.offline

pdf: book ## print the book into one PDF (needs Chromium, and requirements-browser.txt)
	@"$(PY)" -m tools.installer requirements-browser.txt
	@"$(PY)" -m tools.pdf

epub: book ## make an EPUB for e-readers, checked by EPUBCheck where it is installed
	@"$(PY)" -m tools.epub

assignments: $(VENV)/.grading ## make each chapter's assignment: student, solution, grading (CHAPTERS="07-alliance-growth ...")
	@"$(PY)" -m tools.assignments $(CHAPTERS)

grade: $(VENV)/.grading ## grade a folder of notebooks that were handed in (DIR=../handed-in)
	@test -n "$(DIR)" || { echo "make grade needs the folder: make grade DIR=../handed-in"; exit 2; }
	@"$(PY)" -m tools.grade "$(DIR)"

proof: $(VENV)/.grading ## show that right answers score, wrong ones lose, hostile ones are contained (CHAPTERS=...)
	@"$(PY)" -m tools.proof $(CHAPTERS)

student: book ## build the site without solutions into _build/student, and search it for them
	@"$(PY)" -m tools.student_site --build

test: $(VENV)/.grading ## run every test: unit, doctest, build rules, every cell of every chapter
	@BOND_BROWSER=no "$(PY)" -m pytest -n 2 --dist loadfile -q

browser: $(VENV)/.ready ## test the built site in Chromium (needs it, and requirements-browser.txt)
	@"$(PY)" -m tools.installer requirements-browser.txt
	@"$(PY)" -m pytest -n 3 -q -rs tests/browser

audit: book ## run Lighthouse on every page of the site (RUNS=3, PAGES="book/12-power ...")
	@"$(PY)" -m tools.audit --runs "$(RUNS)" $(PAGES)

reference: $(VENV)/.ready ## run the chapters, show changed numbers, store them as reference
	@"$(PY)" -m tools.reference

data: $(VENV)/.ready ## make the synthetic trials and the error rates in data/ anew (same bytes)
	@"$(PY)" -m tools.data
	@"$(PY)" -m tools.error_rates

lint: $(VENV)/.ready ## find statistics typed into prose, breaches of the chapter contract, terms without a link
	@"$(PY)" -m tools.prose
	@"$(PY)" -m tools.contract
	@"$(PY)" -m tools.terms

new-chapter: $(VENV)/.ready ## begin a chapter that builds (NAME=16-my-topic TITLE="My topic")
	@"$(PY)" -m tools.new_chapter "$(NAME)" --title "$(TITLE)"

new-paper: $(VENV)/.ready ## begin a folder for a paper of your own (DIR=../my-paper TITLE="My paper")
	@"$(PY)" -m tools.new_paper "$(DIR)" $(if $(TITLE),--title "$(TITLE)")

paper: $(VENV)/.ready ## check, match and build the page of such a folder (DIR=../my-paper)
	@"$(PY)" -m tools.build_paper "$(DIR)"

litecheck: $(VENV)/.ready ## run helpers and chapters with the versions that a browser gets
	@"$(PY)" -m tools.pyodide_check

bench: $(VENV)/.ready ## time the build and the helpers, as ratios in one run
	@"$(PY)" -m tools.bench

serve: book ## show the built site at http://127.0.0.1:8000 (PORT=... for another)
	@echo "http://127.0.0.1:$(PORT)  (stop with Ctrl-C)"
	@"$(PY)" -m http.server "$(PORT)" --bind 127.0.0.1 --directory _build/html

lock: ## make requirements.txt anew from requirements.in (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	  requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	  requirements-browser.in -c requirements.txt -o requirements-browser.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	  requirements-grading.in -c requirements.txt -c requirements-browser.txt -o requirements-grading.txt

clean: ## delete everything that the other targets made
	rm -rf "$(VENV)" _build .hypothesis .pytest_cache .ruff_cache src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
