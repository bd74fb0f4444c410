"""Structural worlds: linear models of what acts on what, made to imply a given table.

A world is a set of arrows between variables in standard deviations, some of them hidden,
and a noise for each variable. It implies a table of correlations, and it says what a push
from outside would do. Very different worlds can imply one and the same table (Wright, 1921;
Pearl, 1995); the builders here make such worlds on purpose.

`graph` and `adjustment_sets` need networkx; everything else needs only NumPy and pandas.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from helpers import _inputs

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = [
    "World",
    "adjustment_sets",
    "between",
    "bond_works",
    "least_reliability",
    "least_share",
    "readiness_drives",
    "relief_colors",
    "robustness_value",
]

Arrows = Mapping[tuple[str, str], float]

#: The two ratings of the bond, in time order.
RATINGS = ("alliance_prep", "alliance_post2")
_ROUNDING = 1e-9  # a variance this little below zero is rounding


@dataclass(frozen=True)
class World:
    """A linear structural model.

    Each variable is the sum of its causes, each times the weight of its arrow, and of a
    noise that no other variable shares.

    Attributes
    ----------
    names : tuple of str
        The measured variables, in the order in which they are shown.
    arrows : mapping
        Weight of each arrow ``(cause, effect)``, in units of the effect per unit of the
        cause. An arrow of weight 0 still counts as an arrow of the graph.
    noise : mapping
        Variance of each variable's noise, at least 0.
    hidden : tuple of str
        The variables that nobody measured.

    Raises
    ------
    ValueError
        If a name stands twice, an arrow or a noise has an unknown name or a bad number, a
        variable lacks a noise, or the arrows form a circle.

    Examples
    --------
    >>> world = World(("x", "y"), {("u", "x"): 0.8, ("u", "y"): 0.5, ("x", "y"): 0.3},
    ...               {"u": 1, "x": 0.36, "y": 0.42}, hidden=("u",))
    >>> world.implied().round(2)
         x    y
    x  1.0  0.7
    y  0.7  1.0
    >>> round(world.effect("x", "y"), 2), world.effect("y", "x")
    (0.3, 0.0)
    """

    names: tuple[str, ...]
    arrows: Arrows
    noise: Mapping[str, float]
    hidden: tuple[str, ...] = ()
    _total: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "arrows", dict(self.arrows))
        object.__setattr__(self, "noise", dict(self.noise))
        every = (*self.names, *self.hidden)
        if not self.names:
            raise ValueError("names must hold at least one measured variable")
        if len(set(every)) < len(every):
            double = next(name for i, name in enumerate(every) if name in every[:i])
            raise ValueError(f"each name must stand once, but {double!r} stands twice")
        for name in self.noise:
            self._known(name, "noise")
            _inputs.number(f"the noise of {name!r}", self.noise[name], 0)
        lacking = [name for name in every if name not in self.noise]
        if lacking:
            raise ValueError(f"noise has no variance for {lacking[0]!r}")
        place = {name: i for i, name in enumerate(every)}
        into = {name: [] for name in every}
        for (cause, effect), weight in self.arrows.items():
            self._known(cause, "arrows")
            self._known(effect, "arrows")
            weight = _inputs.number(f"the arrow from {cause!r} to {effect!r}", weight)
            into[effect].append((cause, weight))
        # (I - B)^-1, row by row from causes to effects, so that what is 0 or 1 is exactly that.
        total = np.eye(len(every))
        for name in _in_order(into):
            for cause, weight in into[name]:
                total[place[name]] += weight * total[place[cause]]
        total.flags.writeable = False
        object.__setattr__(self, "_total", total)

    def _known(self, name: str, where: str) -> int:
        every = (*self.names, *self.hidden)
        if name not in every:
            raise ValueError(f"{where}: there is no variable {name!r}; there are {', '.join(every)}")
        return every.index(name)

    def implied(self, hidden: bool = False) -> pd.DataFrame:
        """The covariances that the world implies, ``(I - B)^-1 Psi (I - B)^-T``.

        Parameters
        ----------
        hidden : bool
            Whether the hidden variables are shown too, after the measured ones.

        Returns
        -------
        pandas.DataFrame
            Correlations, if the world is one in standard deviations.

        Examples
        --------
        >>> float(World(("x", "y"), {("x", "y"): 0.6}, {"x": 1, "y": 0.64}).implied().loc["x", "y"])
        0.6
        """
        import pandas as pd

        every = (*self.names, *self.hidden)
        noise = np.array([self.noise[name] for name in every])
        table = pd.DataFrame((self._total * noise) @ self._total.T, every, every)
        return table if hidden else table.loc[list(self.names), list(self.names)]

    def effect(self, cause: str, outcome: str) -> float:
        """What one unit more of the cause, from outside, adds to the outcome.

        The sum over all chains of arrows from cause to outcome of the product of their
        weights. It includes what runs through other variables.

        Parameters
        ----------
        cause, outcome : str
            Measured or hidden variables.

        Returns
        -------
        float
            1 if they are the same variable, 0 if no chain of arrows leads there.

        Raises
        ------
        ValueError
            If there is no such variable.

        Examples
        --------
        >>> chain = World(("a", "b", "c"), {("a", "b"): 0.5, ("b", "c"): 0.5}, dict(a=1, b=1, c=1))
        >>> chain.effect("a", "c")
        0.25
        """
        return float(self._total[self._known(outcome, "outcome"), self._known(cause, "cause")])

    def draw(
        self,
        n: int,
        rng: np.random.Generator,
        push: Mapping[str, float] | None = None,
        hidden: bool = False,
    ) -> pd.DataFrame:
        """People from this world, with normal noise.

        Parameters
        ----------
        n : int
            How many, at least 1.
        rng : numpy.random.Generator
            The same state gives the same people, whatever the push.
        push : mapping, optional
            What is added to a variable from outside, by name.
        hidden : bool
            Whether the hidden variables are shown too.

        Returns
        -------
        pandas.DataFrame
            A row for each person.

        Raises
        ------
        ValueError
            If `n` is no such number or a push has an unknown name.

        Examples
        --------
        >>> world = World(("x", "y"), {("x", "y"): 0.6}, {"x": 1, "y": 0.64})
        >>> still = world.draw(3, np.random.default_rng(1))
        >>> moved = world.draw(3, np.random.default_rng(1), push={"x": 1})
        >>> (moved - still).mean().round(2).to_dict()
        {'x': 1.0, 'y': 0.6}
        """
        import pandas as pd

        n = _inputs.whole("n", n, 1)
        every = (*self.names, *self.hidden)
        source = rng.standard_normal((n, len(every)))
        source *= np.sqrt([self.noise[name] for name in every])
        for name, size in (push or {}).items():
            source[:, self._known(name, "push")] += _inputs.number(f"the push on {name!r}", size)
        people = pd.DataFrame(source @ self._total.T, columns=list(every))
        return people if hidden else people[list(self.names)]

    def graph(self) -> nx.DiGraph:
        """The arrows without their weights, the hidden variables included.

        Returns
        -------
        networkx.DiGraph
            Each node has the attribute ``hidden``.

        Examples
        --------
        >>> World(("x", "y"), {("x", "y"): 0.6}, {"x": 1, "y": 0.64}).graph().edges
        OutEdgeView([('x', 'y')])
        """
        import networkx as nx

        graph = nx.DiGraph()
        graph.add_nodes_from(self.names, hidden=False)
        graph.add_nodes_from(self.hidden, hidden=True)
        graph.add_edges_from(self.arrows)
        return graph


# --- builders ---------------------------------------------------------------------------


def bond_works(table: pd.DataFrame) -> World:
    """World 1: each variable may act on every later one, and nothing is hidden.

    Parameters
    ----------
    table : pandas.DataFrame
        Correlations, the variables in time order.

    Returns
    -------
    World
        Each equation is the regression of one variable on all before it, so the world
        implies the table whatever it is.

    Raises
    ------
    ValueError
        If the table is no positive definite table of correlations.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame([[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]], list("abc"), list("abc"))
    >>> world = bond_works(table)
    >>> round(world.effect("b", "c"), 3)  # with a held fixed
    0.625
    """
    names, r = _checked(table)
    causes = {name: names[:i] for i, name in enumerate(names)}
    arrows, noise = _equations(names, r, causes)
    return World(names, arrows, noise)


def least_share(table: pd.DataFrame, rating: str = RATINGS[1]) -> float:
    """The smallest `share` with which `relief_colors` can imply the table.

    Parameters
    ----------
    table : pandas.DataFrame
        Correlations, the variables in time order.
    rating : str
        The rating that relief colors; something must come after it.

    Returns
    -------
    float
        The share of the rating's variance beyond the earlier variables that goes with the
        later ones: their squared multiple correlation, the earlier ones held fixed.

    Raises
    ------
    ValueError
        If the table is no positive definite table of correlations, or the rating is not
        in it or comes last.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame([[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]], list("abc"), list("abc"))
    >>> round(least_share(table, "b"), 3)  # the squared partial correlation of b and c
    0.333
    """
    names, r = _checked(table)
    at = _place(names, rating)
    if at == len(names) - 1:
        raise ValueError(f"nothing comes after {rating!r} that relief could act on")
    rest = _given(r, at)
    return float(rest[0, 1:] @ np.linalg.solve(rest[1:, 1:], rest[1:, 0]) / rest[0, 0])


def relief_colors(table: pd.DataFrame, share: float = 0.8, rating: str = RATINGS[1]) -> World:
    """World 2: no arrow leaves the later rating; a hidden relief acts on it and on what follows.

    Given the earlier variables, the covariances of one rating with the later variables are
    a table with one row. Its rank is one, so one hidden cause can carry it, whatever the
    numbers. *relief* is here the part that the earlier variables do not foretell.

    Parameters
    ----------
    table : pandas.DataFrame
        Correlations, the variables in time order.
    share : float
        Share of the rating's variance beyond the earlier variables that is relief, from
        `least_share` to 1; the rest is noise. The table does not say how large it is.
    rating : str
        The rating that relief colors.

    Returns
    -------
    World
        With the hidden variable ``relief``. It implies the table.

    Raises
    ------
    ValueError
        As for `least_share`, or if the share is outside its limits.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame([[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]], list("abc"), list("abc"))
    >>> world = relief_colors(table, 0.5, rating="b")
    >>> world.effect("b", "c"), bool(np.allclose(world.implied(), table))
    (0.0, True)
    """
    least = least_share(table, rating)
    share = _inputs.number("share", share)
    if not least - _ROUNDING <= share <= 1:
        raise ValueError(f"share must be from {least:.3f} to 1 for this table, not {share:g}")
    names, r = _checked(table)
    names = _with_hidden(names, "relief")
    at = _place(names, rating)
    rest = _given(r, at)
    weight = math.sqrt(share * rest[0, 0])
    wide = np.eye(len(names))
    wide[:-1, :-1] = r
    wide[-1, at] = weight
    wide[-1, at + 1 : -1] = rest[0, 1:] / weight
    wide[:, -1] = wide[-1]
    causes = {
        name: tuple(earlier for earlier in names[:i] if earlier != rating)
        + (("relief",) if i >= at else ())
        for i, name in enumerate(names[:-1])
    }
    arrows, noise = _equations(names, wide, causes | {"relief": ()})
    return World(names[:-1], arrows, noise, ("relief",))


def least_reliability(table: pd.DataFrame, rating: str) -> float:
    """The smallest reliability that the table leaves a rating, all else being free of noise.

    Noise that has nothing to do with the other variables cannot be more than what they
    leave unexplained.

    Parameters
    ----------
    table : pandas.DataFrame
        Correlations.
    rating : str
        One of its variables.

    Returns
    -------
    float
        The squared multiple correlation of the rating with all the others.

    Raises
    ------
    ValueError
        If the table is no positive definite table of correlations, or the rating is not
        in it.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame([[1, 0.6], [0.6, 1]], list("ab"), list("ab"))
    >>> round(least_reliability(table, "a"), 2)
    0.36
    """
    names, r = _checked(table)
    at = _place(names, rating)
    return float(1 - 1 / np.linalg.inv(r)[at, at])


def readiness_drives(
    table: pd.DataFrame,
    reliability: float | Sequence[float] = 0.9,
    ratings: tuple[str, str] = RATINGS,
) -> World:
    """World 3: no arrow leaves either rating; two hidden causes drive them and all the rest.

    The first, *readiness*, shows in both ratings; the second, *hope*, only in the later
    one. What the other variables have in common beyond them is carried by arrows in time
    order. Any turning of the two hidden causes implies the same table.

    Parameters
    ----------
    table : pandas.DataFrame
        Correlations, the variables in time order.
    reliability : float, or two
        Share of each rating's variance that the hidden causes make; the rest is noise.
    ratings : tuple of str
        The earlier and the later rating.

    Returns
    -------
    World
        With the hidden variables ``readiness`` and ``hope``. It implies the table.

    Raises
    ------
    ValueError
        If the table is no positive definite table of correlations, a rating is not in it,
        or a reliability is outside what the table allows.

    Examples
    --------
    >>> import pandas as pd
    >>> r = [[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]]
    >>> table = pd.DataFrame(r, list("abc"), list("abc"))
    >>> world = readiness_drives(table, ratings=("a", "b"))
    >>> world.effect("a", "c"), world.effect("b", "c"), bool(np.allclose(world.implied(), table))
    (0.0, 0.0, True)
    """
    names, r = _checked(table)
    at = [_place(names, rating) for rating in _two(ratings)]
    kept = _reliabilities(r, at, ratings, reliability)
    names = _with_hidden(names, "readiness", "hope")
    k = len(r)
    root = np.linalg.cholesky(np.array([[kept[0], r[at[0], at[1]]], [r[at[0], at[1]], kept[1]]]))
    wide = np.eye(k + 2)
    wide[:k, :k] = r
    wide[k:, :k] = np.linalg.solve(root, r[at])
    wide[k:, at] = root.T
    wide[:k, k:] = wide[k:, :k].T
    both = names[k:]
    causes = {
        name: both if name in ratings else both + tuple(n for n in names[:i] if n not in ratings)
        for i, name in enumerate(names[:k])
    }
    causes[ratings[0]] = ("readiness",)
    arrows, noise = _equations(names, wide, causes | dict.fromkeys(both, ()))
    return World(names[:k], arrows, noise, both)


def between(
    table: pd.DataFrame,
    relief: float = 0.0,
    readiness: float = 0.0,
    reliability: float | Sequence[float] = 1.0,
    ratings: tuple[str, str] = RATINGS,
) -> World:
    """A world between the three: part of each bond's work is done by a hidden twin.

    Each rating is a bond (hidden) and noise. What makes a bond differ from what the
    earlier variables foretell gets a name of its own, *readiness* for the earlier bond and
    *relief* for the later one, and takes over a share of every arrow that leaves the bond.

    Parameters
    ----------
    table : pandas.DataFrame
        Correlations, the variables in time order.
    relief, readiness : float
        Share of what the later, and of what the earlier, bond would do if nothing were
        hidden, that relief and readiness do instead. Below 0 or above 1 they hide, or
        feign, more than all of it.
    reliability : float, or two
        Share of each rating's variance that is the bond.
    ratings : tuple of str
        The earlier and the later rating.

    Returns
    -------
    World
        With the hidden variables ``bond <rating>`` for each rating, ``readiness`` and
        ``relief``. It implies the table.

    Raises
    ------
    ValueError
        As for `readiness_drives`.

    Examples
    --------
    >>> import pandas as pd
    >>> r = [[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]]
    >>> table = pd.DataFrame(r, list("abc"), list("abc"))
    >>> half = between(table, relief=0.5, ratings=("a", "b"))
    >>> round(half.effect("bond b", "c") / bond_works(table).effect("b", "c"), 3)
    0.5
    """
    names, r = _checked(table)
    at = [_place(names, rating) for rating in _two(ratings)]
    kept = _reliabilities(r, at, ratings, reliability)
    bonds = [f"bond {rating}" for rating in ratings]
    twins = ("readiness", "relief")
    _with_hidden(names, *bonds, *twins)
    shares = [_inputs.number("readiness", readiness), _inputs.number("relief", relief)]
    true = r.copy()
    true[at, at] = kept
    inner = [bonds[at.index(i)] if i in at else name for i, name in enumerate(names)]
    arrows, noise = _equations(inner, true, {name: inner[:i] for i, name in enumerate(inner)})
    # The later bond first, so that the earlier one shares out what passes to it too.
    for bond, twin, share in reversed(list(zip(bonds, twins, shares, strict=True))):
        before, after = inner[: inner.index(bond)], inner[inner.index(bond) + 1 :]
        for outcome in after:
            taken = share * arrows[bond, outcome]
            arrows[bond, outcome] -= taken
            arrows[twin, outcome] = taken * math.sqrt(noise[bond])
            for cause in before:
                arrows[cause, outcome] += taken * arrows[cause, bond]
    for bond, twin in zip(bonds, twins, strict=True):
        arrows[twin, bond] = math.sqrt(noise[bond])
        noise[bond], noise[twin] = 0.0, 1.0
    for i, rating, bond in zip(at, ratings, bonds, strict=True):
        arrows[bond, rating] = 1.0
        noise[rating] = max(1.0 - float(true[i, i]), 0.0)
    return World(names, arrows, noise, (*bonds, *twins))


# --- what may be held fixed ---------------------------------------------------------------


def adjustment_sets(
    graph: nx.DiGraph, treatment: str, outcome: str, measured: Iterable[str]
) -> list[tuple[str, ...]]:
    """The sets of measured variables that meet Pearl's backdoor criterion.

    A set does if it holds no descendant of the treatment, and if it separates treatment and
    outcome (d-separation) in the graph without the arrows that leave the treatment. With
    such a set held fixed, what goes along is an effect, if the graph is right.

    Parameters
    ----------
    graph : networkx.DiGraph
        What acts on what, without circles.
    treatment, outcome : str
        Two of its nodes.
    measured : iterable of str
        The nodes that could be held fixed; treatment and outcome are left out of them.

    Returns
    -------
    list of tuple of str
        All such sets, the smallest first, each in the order of `measured`. Empty if there
        is none; the first is the empty set if nothing need be held fixed.

    Raises
    ------
    ValueError
        If the graph has a circle, a name is none of its nodes, or treatment and outcome are
        the same.

    Examples
    --------
    >>> import networkx as nx
    >>> fork = nx.DiGraph([("z", "x"), ("z", "y"), ("x", "m"), ("m", "y")])
    >>> adjustment_sets(fork, "x", "y", ["z", "m"])
    [('z',)]
    """
    import networkx as nx

    candidates = list(dict.fromkeys(measured))
    for name in (treatment, outcome, *candidates):
        if name not in graph:
            raise ValueError(f"the graph has no node {name!r}")
    if treatment == outcome:
        raise ValueError(f"treatment and outcome must be two nodes, not {treatment!r} twice")
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError("the graph has a circle of arrows")
    barred = nx.descendants(graph, treatment) | {treatment, outcome}
    candidates = [name for name in candidates if name not in barred]
    cut = graph.copy()
    cut.remove_edges_from(list(graph.out_edges(treatment)))
    return [
        held
        for size in range(len(candidates) + 1)
        for held in combinations(candidates, size)
        if nx.is_d_separator(cut, {treatment}, {outcome}, set(held))
    ]


def robustness_value(r: float, n: int, held: int = 0, alpha: float | None = None) -> float:
    """How strong a hidden cause would have to be, alike on both sides, to account for r.

    Cinelli and Hazlett (2020). The value is a share of variance: a hidden variable that
    explains that share of what is left of the exposure, and that share of what is left of
    the outcome (exposure and held variables fixed), brings the estimate to zero.

    Parameters
    ----------
    r : float
        Correlation of exposure and outcome, or their partial correlation with `held`
        variables held fixed; strictly between -1 and 1.
    n : int
        People.
    held : int
        How many variables are held fixed.
    alpha : float, optional
        Ask not for an estimate of zero but for one whose two-sided test is no longer
        significant at this level.

    Returns
    -------
    float
        From 0 to 1; 0 with `alpha` where the test is not significant to begin with.

    Raises
    ------
    ValueError
        If a parameter is no such number, or too few people are left for the test.

    Examples
    --------
    >>> round(robustness_value(-0.54, 20), 3), round(robustness_value(-0.54, 20, alpha=0.05), 3)
    (0.468, 0.122)
    """
    from scipy.special import stdtrit

    r = _inputs.number("r", r, -1, 1)
    if abs(r) == 1:
        raise ValueError(f"r must lie strictly between -1 and 1, not {r:g}")
    held = _inputs.whole("held", held, 0)
    df = _inputs.whole("n", n, held + 4) - 2 - held
    f = abs(r) / math.sqrt(1 - r**2)
    critical = 0.0
    if alpha is not None:
        critical = -float(stdtrit(df - 1, _inputs.share("alpha", alpha) / 2)) / math.sqrt(df - 1)
    if f <= critical:
        return 0.0
    if critical and f > 1 / critical:  # the outcome's share reaches 1 before both are alike
        return (f**2 - critical**2) / (1 + f**2)
    left = f - critical
    return (math.sqrt(left**4 + 4 * left**2) - left**2) / 2


# --- the parts ----------------------------------------------------------------------------


def _in_order(into: Mapping[str, Sequence[tuple[str, float]]]) -> list[str]:
    """The variables, each after all its causes, or a sentence about a circle."""
    order: list[str] = []
    left = list(into)
    while left:
        ready = [name for name in left if not any(cause in left for cause, _ in into[name])]
        if not ready:
            raise ValueError(f"the arrows form a circle among {', '.join(sorted(left))}")
        order += ready
        left = [name for name in left if name not in ready]
    return order


def _checked(table: pd.DataFrame) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and numbers of a positive definite table of correlations, or a sentence."""
    names = tuple(table.columns)
    if tuple(table.index) != names or len(set(names)) < len(names):
        raise ValueError("the table must have the same different names in its rows and columns")
    r = np.array(_inputs.numbers("the table", table.to_numpy()))
    if not (np.allclose(r, r.T, atol=1e-12) and np.allclose(np.diag(r), 1, atol=1e-12)):
        raise ValueError("the table must be symmetric with 1 on its diagonal")
    smallest = np.linalg.eigvalsh(r)[0]
    if smallest <= _ROUNDING:
        raise ValueError(f"the table is not positive definite: its smallest eigenvalue is {smallest:.2g}")
    return names, (r + r.T) / 2


def _place(names: tuple[str, ...], rating: str) -> int:
    if rating not in names:
        raise ValueError(f"the table has no variable {rating!r}; it has {', '.join(names)}")
    return names.index(rating)


def _two(ratings: Collection[str]) -> tuple[str, str]:
    if len(ratings) != 2 or len(set(ratings)) != 2:
        raise ValueError(f"ratings must be two different variables, not {list(ratings)}")
    return tuple(ratings)


def _with_hidden(names: tuple[str, ...], *hidden: str) -> tuple[str, ...]:
    for name in hidden:
        if name in names:
            raise ValueError(f"the table has a variable {name!r}, the name of a hidden one")
    return (*names, *hidden)


def _given(r: np.ndarray, at: int) -> np.ndarray:
    """What the variables before place `at` leave of the covariances of the rest."""
    if at == 0:
        return r.copy()
    return r[at:, at:] - r[at:, :at] @ np.linalg.solve(r[:at, :at], r[:at, at:])


def _reliabilities(r, at, ratings, reliability) -> list[float]:
    """Both reliabilities, if the table allows them together."""
    both = [reliability, reliability] if np.ndim(reliability) == 0 else list(reliability)
    if len(both) != 2:
        raise ValueError(f"reliability must be one number or two, not {len(both)}")
    true = r.copy()
    beside = ""
    for i, rating, value in zip(at, ratings, both, strict=True):
        least = 1 - 1 / np.linalg.inv(true)[i, i]
        value = _inputs.number("reliability", value)
        if not least + _ROUNDING < value <= 1:
            raise ValueError(
                f"the reliability of {rating!r} must be above {least:.3f} and at most 1 for this "
                f"table{beside}, not {value:g}"
            )
        true[i, i] = value
        beside = f", beside {value:g} for {rating!r}"
    return [float(value) for value in both]


def _equations(names, covariance, causes) -> tuple[dict, dict]:
    """Each variable's regression on its causes: the arrows, and the variance left."""
    place = {name: i for i, name in enumerate(names)}
    arrows, noise = {}, {}
    for name in names:
        own, of = place[name], [place[cause] for cause in causes[name]]
        weights = np.zeros(0)
        if of:
            weights = np.linalg.solve(covariance[np.ix_(of, of)], covariance[of, own])
        arrows |= {(c, name): float(w) for c, w in zip(causes[name], weights, strict=True)}
        noise[name] = max(float(covariance[own, own] - weights @ covariance[of, own]), 0.0)
    return arrows, noise
