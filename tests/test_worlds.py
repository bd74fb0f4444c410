"""Worlds that imply a given table: exact, pushed as simulated, and adjusted as in the textbooks."""

import itertools
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from helpers.worlds import (
    World,
    adjustment_sets,
    between,
    bond_works,
    least_reliability,
    least_share,
    readiness_drives,
    relief_colors,
    robustness_value,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

few = settings(max_examples=25)
seeds = st.integers(0, 2**32 - 1)


def random_table(seed, size=7, spread=1.0):
    """A positive definite table with common factors; `spread` is the variance of its noise."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, 2))
    covariance = loadings @ loadings.T + spread * np.diag(rng.uniform(0.5, 1.5, size))
    scale = np.sqrt(np.diag(covariance))
    names = [f"v{i}" for i in range(size)]
    return pd.DataFrame(covariance / np.outer(scale, scale), names, names)


def off(world, table):
    """The largest miss of the implied table."""
    implied = world.implied()
    assert list(implied) == list(implied.index) == list(table)
    return np.abs(implied - table).to_numpy().max()


def traced(world, cause, outcome):
    """A total effect, by walking every chain of arrows."""
    if cause == outcome:
        return 1.0
    return sum(
        weight * traced(world, effect, outcome)
        for (start, effect), weight in world.arrows.items()
        if start == cause
    )


def allowed(table, one="v1", other="v3"):
    """A pair of reliabilities that the table allows."""
    first = (1 + least_reliability(table, one)) / 2
    true = table.copy()
    true.loc[one, one] = first
    inverse = np.linalg.inv(true)
    place = list(table).index(other)
    return first, (1 + 1 - 1 / inverse[place, place]) / 2


def every_world(table):
    """One world of each builder, and worlds between, for a table v0, v1, ..."""
    ratings = ("v1", "v3")
    share = (1 + least_share(table, "v3")) / 2
    both = allowed(table)
    yield bond_works(table)
    yield relief_colors(table, share, "v3")
    yield relief_colors(table, 1, "v3")
    yield readiness_drives(table, both, ratings)
    yield between(table, 0.3, 0.8, both, ratings)
    yield between(table, 1, 1, 1, ratings)
    yield between(table, 1.4, -0.5, both, ratings)


# --- the implied table --------------------------------------------------------------------------


@few
@given(seed=seeds, size=st.integers(5, 9))
def test_every_world_implies_the_whole_table(seed, size):
    table = random_table(seed, size)
    for world in every_world(table):
        assert off(world, table) < 1e-12
        assert min(world.noise.values()) >= 0


@few
@given(seed=seeds)
def test_the_limits_of_relief_and_of_reliability_are_the_tables_own(seed):
    table = random_table(seed, spread=0.6)
    least = least_share(table, "v3")
    assert off(relief_colors(table, least, "v3"), table) < 1e-7
    with pytest.raises(ValueError, match=f"share must be from {least:.3f} to 1"):
        relief_colors(table, least - 0.01, "v3")
    # The same limit by the determinant: what relief takes must leave a variance to every sum.
    early, late = list(table)[:3], list(table)[3:]
    slopes = np.linalg.solve(table.loc[early, early], table.loc[early, late])
    rest = (table.loc[late, late] - table.loc[late, early].to_numpy() @ slopes).to_numpy()
    taken = np.outer(rest[0, 1:], rest[0, 1:]) / (least * rest[0, 0])
    assert np.linalg.eigvalsh(rest[1:, 1:] - taken)[0] == pytest.approx(0, abs=1e-9)
    # Noise on a rating alone: the table with a smaller diagonal is no table any more.
    true = table.copy()
    true.loc["v1", "v1"] = least_reliability(table, "v1")
    assert np.linalg.eigvalsh(true)[0] == pytest.approx(0, abs=1e-9)


def test_reliabilities_are_limited_together_and_named():
    table = random_table(3, spread=0.3)
    alone = least_reliability(table, "v3")
    low = least_reliability(table, "v1") + 0.01
    with pytest.raises(ValueError, match=rf"'v3' must be above .* beside {low:g} for 'v1', not "):
        readiness_drives(table, (low, alone + 0.001), ("v1", "v3"))
    with pytest.raises(ValueError, match="'v1' must be above"):
        between(table, reliability=low - 0.02, ratings=("v1", "v3"))
    assert off(readiness_drives(table, (1, alone + 0.001), ("v1", "v3")), table) < 1e-9


# --- effects ------------------------------------------------------------------------------------


@few
@given(seed=seeds)
def test_an_effect_is_the_sum_over_all_chains(seed):
    for world in every_world(random_table(seed, 6)):
        every = (*world.names, *world.hidden)
        for cause, outcome in itertools.product(every, every):
            assert world.effect(cause, outcome) == pytest.approx(traced(world, cause, outcome), abs=1e-10)


def test_a_push_moves_people_as_the_effects_say():
    world = readiness_drives(random_table(1), allowed(random_table(1)), ("v1", "v3"))
    push = {"readiness": 0.5, "v0": -2}
    still = world.draw(50, np.random.default_rng(1), hidden=True)
    moved = world.draw(50, np.random.default_rng(1), push, hidden=True)
    for name in still:
        expected = sum(size * world.effect(cause, name) for cause, size in push.items())
        np.testing.assert_allclose(moved[name] - still[name], expected, atol=1e-12)


def test_people_who_grow_up_by_the_equations_agree_with_draw_and_effect():
    """An independent simulation: one equation after the other, in topological order."""
    table = random_table(8)
    world = relief_colors(table, 0.9, "v3")
    order = list(nx.topological_sort(world.graph()))
    n, size = 200_000, {}
    rng = np.random.default_rng(8)
    for pushed in (0.0, 1.0):
        people = {}
        for name in order:
            own = math.sqrt(world.noise[name]) * rng.normal(size=n)
            causes = [(a, w) for (a, b), w in world.arrows.items() if b == name]
            people[name] = sum((w * people[a] for a, w in causes), own) + pushed * (name == "v1")
        size[pushed] = pd.DataFrame(people)
    assert np.abs(size[0.0][list(table)].corr() - table).to_numpy().max() < 0.012
    assert np.abs(world.draw(n, rng).corr() - table).to_numpy().max() < 0.012
    for name in order:
        change = size[1.0][name].mean() - size[0.0][name].mean()
        assert abs(change - world.effect("v1", name)) < 5 * math.sqrt(2 / n)


def test_the_worlds_answer_as_they_are_told():
    table = random_table(5)
    first = bond_works(table)
    early = ["v0", "v1", "v2"]
    held = np.linalg.solve(table.loc[[*early, "v3"], [*early, "v3"]], table.loc[[*early, "v3"], "v6"])
    assert first.effect("v3", "v6") == pytest.approx(held[-1])
    second = relief_colors(table, 0.9, "v3")
    third = readiness_drives(table, allowed(table), ("v1", "v3"))
    later = ["v4", "v5", "v6"]
    assert [second.effect("v3", name) for name in later] == [0, 0, 0]
    assert [second.effect("v1", name) for name in later] == pytest.approx(
        [first.effect("v1", name) for name in later]
    )
    for rating in ("v1", "v3"):
        assert [third.effect(rating, name) for name in set(table) - {rating}] == [0] * 6
    into = {b: {a for a, end in third.arrows if end == b} for _, b in third.arrows}
    assert into["v1"] == {"readiness"} and into["v3"] == {"readiness", "hope"}
    assert into["v2"] == {"readiness", "hope", "v0"}


@few
@given(seed=seeds, relief=st.floats(-1, 2), readiness=st.floats(-1, 2))
def test_between_shares_out_each_bonds_whole_effect(seed, relief, readiness):
    table = random_table(seed)
    both = allowed(table)
    whole = between(table, 0, 0, both, ("v1", "v3"))
    part = between(table, relief, readiness, both, ("v1", "v3"))
    for bond, share, later in (("bond v1", readiness, "v2 v4 v6"), ("bond v3", relief, "v4 v5 v6")):
        for name in later.split():
            assert part.effect(bond, name) == pytest.approx((1 - share) * whole.effect(bond, name), abs=1e-9)
        assert part.effect(bond, bond.removeprefix("bond ")) == 1  # the rating follows its bond
    plain = bond_works(table)
    assert between(table, ratings=("v1", "v3")).effect("bond v3", "v6") == pytest.approx(plain.effect("v3", "v6"))


# --- the backdoor criterion ---------------------------------------------------------------------


def sets(arrows, measured, treatment="x", outcome="y"):
    return adjustment_sets(nx.DiGraph(arrow.split(">") for arrow in arrows.split()), treatment, outcome, measured)


@pytest.mark.parametrize(
    ("arrows", "measured", "expected"),
    [
        ("z>x z>y x>y", "z", [("z",)]),  # a confounder
        ("x>m m>y x>y", "m", [()]),  # a step on the way
        ("x>m m>y x>y u>m u>y", "m", [()]),
        ("a>x a>m b>m b>y x>y", "m", [()]),  # M-bias: the collider does harm
        ("a>x a>m b>m b>y x>y", "mab", [(), ("a",), ("b",), ("m", "a"), ("m", "b"), ("a", "b"), ("m", "a", "b")]),
        ("u>x u>y x>m m>y", "m", []),  # the front door: no backdoor set without u
        ("u>x u>y x>m m>y", "mu", [("u",)]),
        ("x>c y>c x>y", "c", [()]),  # an effect of both
        ("z>x z>w w>y x>y", "zw", [("z",), ("w",), ("z", "w")]),
        ("a>z b>z a>x b>y z>x z>y x>y", "zab", [("z", "a"), ("z", "b"), ("z", "a", "b")]),  # the butterfly
        ("y>x z>y z>x", "z", []),  # the arrow runs the other way
    ],
)
def test_adjustment_sets_of_known_diagrams(arrows, measured, expected):
    assert sets(arrows, measured) == expected


def blocked(graph, path, held):
    """Whether a path is blocked, by the definition."""
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        if graph.has_edge(a, b) and graph.has_edge(c, b):
            if not ({b} | nx.descendants(graph, b)) & held:
                return True
        elif b in held:
            return True
    return False


@few
@given(seed=seeds)
def test_adjustment_sets_agree_with_walking_every_path(seed):
    rng = np.random.default_rng(seed)
    names = list("abcdef")
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(pair for pair in itertools.combinations(names, 2) if rng.random() < 0.45)
    treatment, outcome = "b", "e"
    backdoor = [
        path for path in nx.all_simple_paths(graph.to_undirected(), treatment, outcome)
        if graph.has_edge(path[1], treatment)
    ]  # fmt: skip
    candidates = [n for n in names if n not in nx.descendants(graph, treatment) | {treatment, outcome}]
    expected = [
        held
        for size in range(len(candidates) + 1)
        for held in itertools.combinations(candidates, size)
        if all(blocked(graph, path, set(held)) for path in backdoor)
    ]
    assert adjustment_sets(graph, treatment, outcome, names) == expected


@few
@given(seed=seeds)
def test_a_valid_set_gives_the_effect_and_hidden_causes_leave_none(seed):
    table = random_table(seed)
    world = relief_colors(table, (1 + least_share(table, "v3")) / 2, "v3")
    wide = world.implied(hidden=True)
    found = adjustment_sets(world.graph(), "v3", "v6", (*world.names, *world.hidden))
    assert found and adjustment_sets(world.graph(), "v3", "v6", world.names) == []
    for held in found:
        x = ["v3", *held]
        slope = np.linalg.lstsq(wide.loc[x, x], wide.loc[x, "v6"], rcond=None)[0][0]
        assert slope == pytest.approx(world.effect("v3", "v6"), abs=1e-6)


# --- the robustness value -----------------------------------------------------------------------


def with_confounder(r, share_x, share_y):
    """The effect of x on y beside a hidden z of these two shares, from their 3 x 3 table."""
    xz = math.sqrt(share_x)
    partial = math.copysign(math.sqrt(share_y), r)  # of z and y with x held fixed
    yz = partial * math.sqrt((1 - r**2) * (1 - xz**2)) + r * xz
    table = np.array([[1, xz], [xz, 1]])
    return np.linalg.solve(table, [r, yz])[0]


@few
@given(r=st.floats(-0.95, 0.95).filter(lambda r: abs(r) > 0.01), n=st.integers(10, 500))
def test_a_confounder_of_that_strength_leaves_nothing(r, n):
    value = robustness_value(r, n)
    assert with_confounder(r, value, value) == pytest.approx(0, abs=1e-9)
    assert robustness_value(-r, n) == value


@few
@given(r=st.floats(0.1, 0.97), n=st.integers(8, 300))
def test_with_alpha_the_smallest_common_bound_makes_the_test_miss_its_level(r, n):
    value, df = robustness_value(r, n, alpha=0.05), n - 3
    critical = stats.t.ppf(0.975, df)

    def t_after(share_x, share_y):
        error = math.sqrt((1 - r**2) / df * (1 - share_y) / (1 - share_x))
        return with_confounder(r, share_x, share_y) / error

    def smallest(bound):
        """The smallest t that a confounder within the bound on both sides can leave."""
        found = optimize.minimize_scalar(lambda y: t_after(bound, y), bounds=(0, bound), method="bounded")
        return min(found.fun, t_after(bound, bound))

    if value == 0:
        assert t_after(0, 0) <= critical
    else:
        assert smallest(value) == pytest.approx(critical, rel=1e-4)


def test_robustness_values_of_a_published_example():
    """Cinelli and Hazlett's Darfur regression: t = 4.18 on 783 degrees of freedom."""
    r = 4.18 / math.sqrt(4.18**2 + 783)
    assert robustness_value(r, 785) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(r, 785, alpha=0.05) == pytest.approx(0.076, abs=5e-4)
    assert robustness_value(r, 795, held=10, alpha=0.05) == robustness_value(r, 785, alpha=0.05)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": ("x", "x")}, "'x' stands twice"),
        ({"names": ()}, "at least one measured variable"),
        ({"arrows": {("x", "q"): 1}}, "arrows: there is no variable 'q'; there are x, y"),
        ({"arrows": {("x", "y"): 1, ("y", "x"): 1}}, "circle among x, y"),
        ({"arrows": {("x", "x"): 1}}, "circle among x"),
        ({"arrows": {("x", "y"): math.nan}}, "the arrow from 'x' to 'y' must be finite"),
        ({"noise": {"x": 1}}, "no variance for 'y'"),
        ({"noise": {"x": 1, "y": -0.1}}, "the noise of 'y' must be at least 0"),
        ({"noise": {"x": 1, "y": 1, "q": 1}}, "noise: there is no variable 'q'"),
    ],
)
def test_a_bad_world_is_refused(change, words):
    good = {"names": ("x", "y"), "arrows": {("x", "y"): 0.6}, "noise": {"x": 1, "y": 0.64}}
    with pytest.raises(ValueError, match=words):
        World(**(good | change))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: bond_works(t).effect("v0", "q"), "outcome: there is no variable 'q'"),
        (lambda t: bond_works(t).draw(3, np.random.default_rng(1), {"q": 1}), "push: there is no variable"),
        (lambda t: bond_works(t).draw(0, np.random.default_rng(1)), "n must be a whole number"),
        (lambda t: bond_works(t.iloc[:3]), "same different names"),
        (lambda t: bond_works(t * 2), "1 on its diagonal"),
        (lambda t: bond_works(t.where(t != t.loc["v0", "v1"], np.nan)), "the table must be finite"),
        (lambda t: bond_works(t * 0 + 1), "not positive definite: its smallest eigenvalue"),
        (lambda t: relief_colors(t, 0.9, "q"), "no variable 'q'; it has v0"),
        (lambda t: relief_colors(t, 0.9, "v6"), "nothing comes after 'v6'"),
        (lambda t: relief_colors(t, 1.1, "v3"), "share must be from"),
        (lambda t: relief_colors(t.rename(index={"v0": "relief"}, columns={"v0": "relief"}), 1, "v3"), "name of a hidden"),
        (lambda t: readiness_drives(t, 0.9, ("v1", "v1")), "two different variables"),
        (lambda t: readiness_drives(t, (0.9, 0.9, 0.9), ("v1", "v3")), "one number or two, not 3"),
        (lambda t: readiness_drives(t, 1.2, ("v1", "v3")), "at most 1"),
        (lambda t: adjustment_sets(bond_works(t).graph(), "v0", "q", []), "no node 'q'"),
        (lambda t: adjustment_sets(bond_works(t).graph(), "v0", "v0", []), "not 'v0' twice"),
        (lambda t: adjustment_sets(nx.DiGraph([("x", "y"), ("y", "x")]), "x", "y", []), "circle"),
        (lambda t: robustness_value(1, 20), "strictly between -1 and 1"),
        (lambda t: robustness_value(0.5, 3), "n must be"),
        (lambda t: robustness_value(0.5, 20, alpha=0), "alpha must be between 0 and 1"),
    ],
)
def test_a_bad_request_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(random_table(2))


def test_a_world_keeps_what_it_was_given():
    """Changing the dictionaries afterwards changes nothing."""
    arrows, noise = {("x", "y"): 0.6}, {"x": 1, "y": 0.64}
    world = World(["x", "y"], arrows, noise)
    arrows["x", "y"], noise["y"] = 9, 9
    assert world.arrows["x", "y"] == 0.6 and world.noise["y"] == 0.64 and world.names == ("x", "y")
    assert world.graph().nodes["x"] == {"hidden": False}
    unseen = relief_colors(random_table(2), 1, "v3").graph()
    assert [name for name, is_hidden in unseen.nodes(data="hidden") if is_hidden] == ["relief"]
