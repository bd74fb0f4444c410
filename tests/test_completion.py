"""The incomplete correlation matrix: against brute force, closed forms and random data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import completion
from helpers.completion import (
    Incomplete,
    InfeasibleError,
    bounds,
    complete,
    complete_table,
    contradiction,
    feasible,
    session_peak_correlation,
)

few = settings(max_examples=20)
seeds = st.integers(0, 2**32 - 1)
inner = st.floats(-0.95, 0.95)


def exact(x, y, r):
    """An entry known exactly."""
    return x, y, r, r, r, (f"{x}{y}",)


def printed(x, y, r):
    """An entry known to two decimals."""
    r = float(f"{r:.2f}")
    return x, y, r - 0.005, r + 0.005, r, (f"{x}{y}",)


def between(x, y, low, high):
    """An entry with an interval only."""
    return x, y, low, high, None, (f"{x}{y}",)


def problem_of(names, *entries):
    return Incomplete.from_entries(names, entries)


def random_correlations(rng, size, factors=2):
    """The correlation matrix of random data with common factors, never singular."""
    data = rng.normal(size=(4 * size, factors)) @ rng.normal(size=(factors, size))
    return np.corrcoef(data + rng.normal(size=(4 * size, size)), rowvar=False)


def random_problem(rng, size, kept, spread=0.0):
    """A problem with a known solution, and that solution."""
    truth = random_correlations(rng, size)
    names = [f"v{k}" for k in range(size)]
    pairs = list(itertools.combinations(range(size), 2))
    entries = []
    for number, k in enumerate(rng.permutation(len(pairs))[:kept]):
        i, j = pairs[k]
        if spread and number % 3 == 0:
            down, up = rng.uniform(0, spread, 2)
            entries.append(between(names[i], names[j], truth[i, j] - down, truth[i, j] + up))
        else:
            entries.append(printed(names[i], names[j], truth[i, j]))
    return Incomplete.from_entries(names, entries), truth


def assert_correlations(matrix):
    assert np.array_equal(matrix, matrix.T)
    assert np.array_equal(np.diag(matrix), np.ones(len(matrix)))
    assert np.linalg.eigvalsh(matrix)[0] > -1e-8


# --- bounds ---------------------------------------------------------------------------


@given(inner, inner)
@few
def test_the_third_correlation_of_three(r, q):
    found = bounds(problem_of("abc", exact("a", "b", r), exact("b", "c", q)))
    reach = math.sqrt((1 - r * r) * (1 - q * q))
    assert found[["x", "y"]].values.tolist() == [["a", "c"]]
    assert found.low[0] == pytest.approx(r * q - reach, abs=1e-7)
    assert found.high[0] == pytest.approx(r * q + reach, abs=1e-7)


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ((0.3, 0.7), (0.5, 0.8), (-1, 1)),
        ((-0.9, -0.6), (0.7, 0.9), (-1, 1)),
        ((0.2, 0.95), (0.8, 0.99), (-0.4, 0.1)),
        ((0.2, 1), (-1, -0.5), (-0.1, 0.9)),
    ],
)
def test_intervals_of_three_against_a_grid(first, second, third):
    problem = problem_of(
        "abc", between("a", "b", *first), between("b", "c", *second), between("a", "c", *third)
    )
    axes = [np.linspace(*limits, 201) for limits in (first, second, third)]
    r, q, s = np.meshgrid(*axes, indexing="ij")
    possible = 1 + 2 * r * q * s - r * r - q * q - s * s >= 0
    for pair, grid in (("ab", r), ("bc", q), ("ac", s)):
        found = bounds(problem, [tuple(pair)]).iloc[0]
        # Every matrix of the grid lies within the bounds, and one lies near each of them.
        assert found.low - 1e-7 <= grid[possible].min() <= found.low + 0.02
        assert found.high - 0.02 <= grid[possible].max() <= found.high + 1e-7


@given(seeds)
@few
def test_what_was_dropped_from_real_correlations_lies_within_the_bounds(seed):
    rng = np.random.default_rng(seed)
    problem, truth = random_problem(rng, 6, rng.integers(3, 14), spread=0.3)
    assert feasible(problem)
    assert contradiction(problem) == ()
    for x, y, low, high in bounds(problem).itertuples(index=False):
        assert low - 1e-7 <= truth[int(x[1:]), int(y[1:])] <= high + 1e-7


def test_no_matrix_reaches_past_a_bound_and_one_reaches_it():
    problem, _ = random_problem(np.random.default_rng(3), 6, 9, spread=0.3)
    for x, y, low, high in bounds(problem).itertuples(index=False):
        i, j = problem.names.index(x), problem.names.index(y)
        for end, out in ((low, -1), (high, 1)):
            for shift, possible in ((-2e-6, True), (2e-6, False)):
                # The same problem with the entry held a little inside, or outside.
                least, most = problem.low.copy(), problem.high.copy()
                r = end + out * shift
                inside = least[i, j] <= r <= most[i, j]
                for limits in (least, most):
                    limits[i, j] = limits[j, i] = r
                moved = Incomplete(problem.names, problem.value, least, most, {})
                assert (inside and feasible(moved)) == possible


def test_bounds_of_chosen_pairs_keep_their_order_and_direction():
    problem = problem_of("abc", exact("a", "b", 0.6), exact("b", "c", 0.8))
    found = bounds(problem, [("c", "a"), ("a", "b")])
    assert found.columns.tolist() == ["x", "y", "low", "high"]
    assert found[["x", "y"]].values.tolist() == [["c", "a"], ["a", "b"]]
    assert found.low.tolist() == pytest.approx([0, 0.6], abs=1e-8)
    assert found.high.tolist() == pytest.approx([0.96, 0.6], abs=1e-8)
    assert bounds(problem, []).empty


def test_a_printed_value_may_move_in_its_interval():
    problem = problem_of("abc", printed("a", "b", 0.9), printed("b", "c", 0.9))
    found = bounds(problem)
    assert found.low[0] == pytest.approx(2 * 0.895**2 - 1, abs=1e-7)
    assert found.high[0] == pytest.approx(1, abs=1e-7)


# --- the completion -------------------------------------------------------------------


@given(st.lists(inner, min_size=1, max_size=6))
@few
def test_the_completion_of_a_chain_is_the_product_along_it(steps):
    names = [f"v{k}" for k in range(len(steps) + 1)]
    known = [exact(*pair, r) for pair, r in zip(itertools.pairwise(names), steps, strict=True)]
    matrix = complete(Incomplete.from_entries(names, known))
    assert_correlations(matrix)
    for i, j in itertools.combinations(range(len(names)), 2):
        assert matrix[i, j] == pytest.approx(math.prod(steps[i:j]), abs=1e-10)


@given(seeds)
@few
def test_the_completion_of_overlapping_blocks_in_closed_form(seed):
    rng = np.random.default_rng(seed)
    truth = random_correlations(rng, 7)
    blocks, seams = [(0, 1, 2, 3), (2, 3, 4, 5), (5, 6)], [(2, 3), (5,)]
    known = {pair for block in blocks for pair in itertools.combinations(block, 2)}
    names = "abcdefg"
    matrix = complete(
        Incomplete.from_entries(names, [exact(names[i], names[j], truth[i, j]) for i, j in known])
    )
    # The inverse is the sum of the inverses of the blocks, less those of the seams.
    inverse = np.zeros((7, 7))
    for sign, parts in ((1, blocks), (-1, seams)):
        for part in parts:
            inverse[np.ix_(part, part)] += sign * np.linalg.inv(truth[np.ix_(part, part)])
    assert matrix == pytest.approx(np.linalg.inv(inverse), abs=1e-8)


@given(seeds)
@few
def test_the_inverse_is_zero_where_an_entry_is_free(seed):
    problem, _ = random_problem(np.random.default_rng(seed), 8, 14, spread=0.3)
    matrix = complete(problem)
    assert_correlations(matrix)
    assert np.all(matrix >= problem.low - 1e-9)
    assert np.all(matrix <= problem.high + 1e-9)
    inverse = np.linalg.inv(matrix)
    at_low, at_high = matrix - problem.low < 1e-5, problem.high - matrix < 1e-5
    free = np.isnan(problem.value)
    noise = 1e-6 + 1e-9 * np.abs(inverse).max() ** 2
    assert np.all(np.abs(inverse[free & ~at_low & ~at_high]) < noise)
    # A limit holds the entry back: the determinant would still rise beyond it.
    assert np.all(inverse[free & at_low] < noise)
    assert np.all(inverse[free & at_high] > -noise)


@given(seeds)
@few
def test_no_other_completion_has_a_larger_determinant(seed):
    rng = np.random.default_rng(seed)
    problem, _ = random_problem(rng, 6, 8, spread=0.3)
    matrix = complete(problem)
    best = np.linalg.slogdet(matrix)[1]
    free = np.isnan(problem.value)
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(20):
            step = np.triu(rng.normal(scale=size, size=matrix.shape), 1)
            other = np.clip(matrix + (step + step.T) * free, problem.low, problem.high)
            sign, logdet = np.linalg.slogdet(other)
            if sign > 0 and np.linalg.eigvalsh(other)[0] > 0:
                assert logdet <= best + 1e-8


def test_fixed_entries_keep_their_printed_values_when_they_can():
    problem, _ = random_problem(np.random.default_rng(5), 7, 12)
    matrix, known = complete(problem), ~np.isnan(problem.value)
    assert np.array_equal(matrix[known], problem.value[known])
    # Printed .9, .9 and .61 exclude one another, the intervals around them do not.
    tight = printed("a", "b", 0.9), printed("b", "c", 0.9), printed("a", "c", 0.61)
    assert complete(problem_of("abc", *tight))[0] == pytest.approx([1, 0.895, 0.615], abs=1e-8)


def test_a_bounded_entry_stops_at_its_limit():
    known = exact("a", "b", 0.6), exact("b", "c", 0.8)
    assert complete(problem_of("abc", *known, between("a", "c", -0.4, 0.41)))[0, 2] == 0.41
    assert complete(problem_of("abc", *known, between("a", "c", 0.5, 1)))[0, 2] == 0.5
    assert complete(problem_of("abc", *known, between("a", "c", -0.4, 0.5)))[0, 2] == 0.48


def test_separate_blocks_stay_uncorrelated():
    matrix = complete(
        problem_of(
            "abcde", exact("a", "c", 0.7), exact("b", "d", -0.5), between("a", "e", -0.0, -0.0)
        )
    )
    wanted = np.eye(5)
    wanted[0, 2] = wanted[2, 0] = 0.7
    wanted[1, 3] = wanted[3, 1] = -0.5
    assert np.array_equal(matrix, wanted)
    assert not np.signbit(matrix[matrix == 0]).any()


@given(seeds)
@few
def test_the_order_of_the_names_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    problem, _ = random_problem(rng, 6, 8, spread=0.3)
    order = rng.permutation(6)
    names = [problem.names[k] for k in order]
    # The entries come in another order too, and the other way around.
    entries = [(y, x, *rest) for x, y, *rest in problem.entries[::-1]]
    other = Incomplete.from_entries(names, entries)
    assert complete(other) == pytest.approx(complete(problem)[np.ix_(order, order)], abs=2e-10)
    pairs = problem.free_pairs()
    ends = bounds(other, pairs)[["low", "high"]].values
    assert ends == pytest.approx(bounds(problem)[["low", "high"]].values, abs=1e-6)


def test_seventeen_variables_of_which_most_pairs_are_free():
    problem, truth = random_problem(np.random.default_rng(8), 17, 36, spread=0.4)
    matrix = complete(problem)
    assert_correlations(matrix)
    pairs = problem.free_pairs()[:10]
    for x, y, low, high in bounds(problem, pairs).itertuples(index=False):
        i, j = int(x[1:]), int(y[1:])
        assert low - 1e-7 <= min(truth[i, j], matrix[i, j])
        assert high + 1e-7 >= max(truth[i, j], matrix[i, j])


# --- what is known, and what cannot be ------------------------------------------------


def harmless(names):
    """Ten entries that contradict nothing."""
    return [printed(x, y, 0.05) for x, y in itertools.islice(itertools.combinations(names, 2), 10)]


def test_three_correlations_that_exclude_one_another_among_ten_harmless_ones():
    bad = [printed("x", "y", 0.9), printed("y", "z", 0.9), printed("x", "z", -0.9)]
    entries = harmless("abcdex")
    for place, entry in zip((2, 5, 9), bad, strict=True):
        entries.insert(place, entry)
    problem = Incomplete.from_entries("abcdexyz", entries)
    assert not feasible(problem)
    assert contradiction(problem) == ("xy", "yz", "xz")
    for wanted in (complete, bounds, complete_table):
        with pytest.raises(InfeasibleError, match=r"xy \('x' and 'y'\), yz .*, xz") as error:
            wanted(problem)
        assert error.value.rows == ("xy", "yz", "xz")


def test_a_ring_of_four_whose_triples_are_all_fine():
    ring = [exact(*pair, 0.9) for pair in ("ab", "bc", "cd")] + [exact("a", "d", -0.9)]
    problem = Incomplete.from_entries("abcdefgh", ring[:2] + harmless("aefgh") + ring[2:])
    for three in itertools.combinations(ring, 3):
        assert feasible(Incomplete.from_entries("abcd", three))
    assert contradiction(problem) == ("ab", "bc", "cd", "ad")


@given(seeds)
@few
def test_a_contradiction_is_one_and_is_minimal(seed):
    rng = np.random.default_rng(seed)
    names = "abcdef"
    entries = [printed(x, y, rng.uniform(-0.95, 0.95)) for x, y in itertools.combinations(names, 2)]
    problem = Incomplete.from_entries(names, entries)
    rows = contradiction(problem)
    assert feasible(problem) == (rows == ())
    clash = [entry for entry in entries if entry[5][0] in rows]
    assert [entry[5][0] for entry in clash] == list(rows)
    for left_out in clash:
        assert feasible(Incomplete.from_entries(names, [e for e in clash if e is not left_out]))
    if rows:
        assert not feasible(Incomplete.from_entries(names, clash))


def test_the_rows_of_one_entry_stand_and_fall_together():
    same = ("r1", "r2")
    problem = problem_of(
        "abcd",
        ("a", "b", 0.9, 0.9, 0.9, same),
        ("b", "c", 0.9, 0.9, 0.9, same),
        ("c", "d", 0.1, 0.1, 0.1, ("r3",)),
        ("a", "c", -0.9, -0.9, -0.9, ("r4",)),
    )
    assert contradiction(problem) == ("r1", "r2", "r4")
    # Beside a second contradiction, no part of the first one is left over.
    other = [exact("x", "y", 0.9), exact("y", "z", 0.9), exact("x", "z", -0.9)]
    both = Incomplete.from_entries("abcdxyz", [*problem.entries, *other])
    assert contradiction(both) in [("r1", "r2", "r4"), ("xy", "yz", "xz")]


def test_two_rows_of_one_pair():
    entries = [
        ("a", "b", 0.55, 0.65, 0.62, ("r1",)),
        ("b", "a", 0.595, 0.605, 0.6, ("r2",)),
        ("a", "b", -1, 0.602, None, ("r3",)),
    ]
    for order in itertools.permutations(entries):
        problem = problem_of("ab", *order)
        assert (problem.low[0, 1], problem.high[1, 0]) == (0.595, 0.602)
        assert problem.value[0, 1] == 0.602  # the mean, .61, is not possible
        assert problem.rows == {("a", "b"): tuple(entry[5][0] for entry in order)}
    # Only the second of the first two contradicts the third.
    with pytest.raises(InfeasibleError, match="r2 and r3 exclude one another") as error:
        problem_of("ab", *entries[:2], ("a", "b", -1, 0.59, None, ("r3",)))
    assert error.value.rows == ("r2", "r3")
    # Printed .60 and .61 may both be .605.
    touching = problem_of("ab", printed("a", "b", 0.6), printed("a", "b", 0.61))
    assert touching.low[0, 1] == pytest.approx(0.605)
    assert touching.value[0, 1] == pytest.approx(0.605)


def test_each_of_two_rows_of_a_pair_is_dropped_alone():
    problem = problem_of(
        "abc",
        exact("a", "b", 0.9),
        exact("b", "c", 0.9),
        ("a", "c", -0.5, 0.9, None, ("wide",)),
        ("a", "c", -0.9, 0.2, None, ("low",)),
    )
    assert contradiction(problem) == ("ab", "bc", "low")


@pytest.mark.parametrize("sign", [1, -1])
def test_an_entry_of_exactly_one(sign):
    problem = problem_of("abc", exact("a", "b", sign), exact("b", "c", 0.5))
    assert feasible(problem)
    assert complete(problem)[0, 2] == pytest.approx(sign * 0.5, abs=1e-8)
    found = bounds(problem)
    assert [found.low[0], found.high[0]] == pytest.approx([sign * 0.5] * 2, abs=5e-5)
    assert not feasible(problem_of("abc", *problem.entries, exact("a", "c", sign * 0.499)))


def test_a_singular_matrix_without_a_free_pair():
    known = exact("a", "b", 0.6), exact("b", "c", 0.8)
    problem = problem_of("abc", *known, exact("a", "c", 0.96))
    assert feasible(problem)
    assert problem.free_pairs() == []
    assert bounds(problem).empty
    assert complete(problem)[0].tolist() == [1, 0.6, 0.96]
    assert not feasible(problem_of("abc", *known, exact("a", "c", 0.9601)))
    assert feasible(problem_of("abc", *known, exact("a", "c", 0.9599)))


def test_nothing_known():
    assert complete(problem_of("a")).tolist() == [[1]]
    assert complete(problem_of("ab")).tolist() == [[1, 0], [0, 1]]
    assert bounds(problem_of("ab")).values.tolist() == [
        ["a", "b", pytest.approx(-1), pytest.approx(1)]
    ]


def test_relax_widens_by_the_least_slack():
    # Four equal links of a ring that turns the sign can be at most sqrt(1 / 2).
    ring = [exact(*pair, 0.9) for pair in ("ab", "bc", "cd")] + [exact("a", "d", -0.9)]
    matrix = complete(Incomplete.from_entries("abcd", ring), relax=True)
    assert_correlations(matrix)
    assert np.linalg.eigvalsh(matrix)[0] > 1e-7
    links = [matrix[0, 1], matrix[1, 2], matrix[2, 3], -matrix[0, 3]]
    assert links == pytest.approx([math.sqrt(0.5)] * 4, abs=3e-6)
    # A singular matrix needs no more than the margin, and a feasible one nothing.
    known = exact("a", "b", 1), exact("b", "c", 0.5)
    matrix = complete(problem_of("abc", *known), relax=True)
    assert np.linalg.eigvalsh(matrix)[0] > 1e-7
    assert matrix[:2, 1:].ravel() == pytest.approx([1, 0.5, 1, 0.5], abs=3e-6)
    problem, _ = random_problem(np.random.default_rng(2), 6, 9, spread=0.3)
    assert np.array_equal(complete(problem, relax=True), complete(problem))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (("a", "q", 0, 1, None, ["r"]), "'q' is not one of the names"),
        (("a", "a", 0, 1, None, ["r"]), "two different variables, not 'a' twice"),
        (("a", "b", 0.3, 0.2, None, ["r"]), "low of .* 'a' and 'b' must not be above high"),
        (("b", "a", math.nan, 1, None, ["r"]), "low of the entry of 'a' and 'b' must be finite"),
        (("a", "b", 0, math.inf, None, ["r"]), "high of the entry of 'a' and 'b' must be finite"),
        (("a", "b", 0, 1, math.inf, ["r"]), "value of the entry of 'a' and 'b' must be finite"),
        (("a", "b", 0, 0.5, 0.6, ["r"]), "value of .* 'a' and 'b' must be from 0 to 0.5, not 0.6"),
        (("a", "b", 1.1, 1.2, None, ["r"]), "'a' and 'b' must overlap -1 to 1"),
        (("a", "b", 0, 1, None, []), "'a' and 'b' needs at least one row"),
    ],
)
def test_entries_that_make_no_sense(entry, words):
    with pytest.raises(ValueError, match=words):
        Incomplete.from_entries("ab", [entry])


def test_names_and_pairs_that_make_no_sense():
    with pytest.raises(ValueError, match="'a' stands twice"):
        Incomplete.from_entries("aba", [])
    with pytest.raises(ValueError, match="at least one variable"):
        Incomplete.from_entries("", [])
    with pytest.raises(ValueError, match="'q' is not one of the names"):
        bounds(problem_of("ab"), [("a", "q")])


def test_a_problem_keeps_what_it_was_given():
    problem = problem_of(
        "abc", ("c", "a", 0.995, 1.005, 1, "r1"), ("b", "c", -0.4, 0.4, math.nan, ["r2", "r3"])
    )
    assert (problem.low[0, 2], problem.high[2, 0], problem.value[0, 2]) == (0.995, 1, 1)
    assert np.isnan(problem.value[1, 2])
    assert problem.rows == {("a", "c"): ("r1",), ("b", "c"): ("r2", "r3")}
    assert problem.free_pairs() == [("a", "b"), ("b", "c")]
    with pytest.raises(ValueError, match="read-only"):
        problem.low[0, 1] = 0


def test_the_table_of_all_pairs():
    problem = problem_of("abc", printed("a", "b", 0.6), ("b", "c", -0.4, 0.4, None, ["r2", "r3"]))
    table = complete_table(problem)
    assert table.columns.tolist() == ["x", "y", "kind", "low", "high", "completion", "rows"]
    assert table.kind.tolist() == ["fixed", "free", "bounded"]
    assert table.rows.tolist() == ["ab", "", "r2; r3"]
    assert table.completion.tolist() == [0.6, 0, 0]
    assert table.low[[0, 2]].tolist() == pytest.approx([0.595, -0.4])
    reach = 0.4 * 0.595 + math.sqrt((1 - 0.4**2) * (1 - 0.595**2))
    assert table.high.tolist() == pytest.approx([0.605, reach, 0.4], abs=1e-7)


# --- the higher of two sessions -------------------------------------------------------


@pytest.mark.parametrize("rho", [-0.6, 0, 0.3, 0.8])
def test_the_correlation_with_the_peak_by_simulation(rho):
    n = 400_000
    rng = np.random.default_rng(11)
    first, noise = rng.normal(size=(2, n))
    second = rho * first + math.sqrt(1 - rho * rho) * noise
    seen = np.corrcoef(first, np.maximum(first, second))[0, 1]
    # The standard error of a correlation is at most about 1 / sqrt(n) = 0.0016 here.
    assert session_peak_correlation(rho) == pytest.approx(seen, abs=4 / math.sqrt(n))


def test_the_limits_of_the_correlation_with_the_peak():
    assert session_peak_correlation(1) == 1
    assert session_peak_correlation(-1) == 0
    for rho in (1.01, -2, math.nan):
        with pytest.raises(ValueError, match="rho"):
            session_peak_correlation(rho)


def test_every_public_name_is_there():
    assert all(hasattr(completion, name) for name in completion.__all__)
