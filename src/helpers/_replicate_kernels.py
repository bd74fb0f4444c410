"""The compiled loops of `helpers.replicates`.

Numbers lie with the replicates last, `LANES` of them side by side, so that one instruction
works on several replicates. All arrays are flat: two numbers that belong together are a
constant number of places apart, and the compiler needs no check that writing one cannot
change the other. `helpers.replicates` has the same steps in plain NumPy, and the tests
compare the two.
"""

from __future__ import annotations

import math

#: Replicates side by side. `helpers.replicates` draws in passes of this many.
LANES = 256
#: Blocks of `LANES` in one pass of Wishart draws.
WISHART_BLOCKS = 4
#: Coefficients that one sweep of `_p_values` takes; their number is padded to a multiple.
SWEEP = 12

try:
    from numba import njit as _njit

    def _compiled(function):
        # "contract" lets a product and a sum become one instruction; nothing is reordered.
        options = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract"}}
        return _njit(**options)(function)

except ImportError:  # nothing is compiled, and nobody calls what stands below
    _njit = None

    def _compiled(function):
        return function


# --- rows ---------------------------------------------------------------------------------


@_compiled
def _tile_on_diagonal(x, lower, b):
    """Four variables times the four by four triangle at b, in place."""
    l00 = lower[b, b]
    l10, l11 = lower[b + 1, b], lower[b + 1, b + 1]
    l20, l21, l22 = lower[b + 2, b], lower[b + 2, b + 1], lower[b + 2, b + 2]
    l30, l31, l32, l33 = lower[b + 3, b], lower[b + 3, b + 1], lower[b + 3, b + 2], lower[b + 3, b + 3]
    for lane in range(LANES):
        x0 = x[lane]
        x1 = x[lane + LANES]
        x2 = x[lane + 2 * LANES]
        x3 = x[lane + 3 * LANES]
        x[lane] = l00 * x0
        x[lane + LANES] = l10 * x0 + l11 * x1
        x[lane + 2 * LANES] = l20 * x0 + l21 * x1 + l22 * x2
        x[lane + 3 * LANES] = l30 * x0 + l31 * x1 + l32 * x2 + l33 * x3


@_compiled
def _tile_below(z, x, lower, b, a):
    """Adds to the four variables at b the tile (b, a) times the four at a."""
    l00, l01, l02, l03 = lower[b, a], lower[b, a + 1], lower[b, a + 2], lower[b, a + 3]
    l10, l11, l12, l13 = lower[b + 1, a], lower[b + 1, a + 1], lower[b + 1, a + 2], lower[b + 1, a + 3]
    l20, l21, l22, l23 = lower[b + 2, a], lower[b + 2, a + 1], lower[b + 2, a + 2], lower[b + 2, a + 3]
    l30, l31, l32, l33 = lower[b + 3, a], lower[b + 3, a + 1], lower[b + 3, a + 2], lower[b + 3, a + 3]
    for lane in range(LANES):
        x0 = x[lane]
        x1 = x[lane + LANES]
        x2 = x[lane + 2 * LANES]
        x3 = x[lane + 3 * LANES]
        z[lane] += l00 * x0 + l01 * x1 + l02 * x2 + l03 * x3
        z[lane + LANES] += l10 * x0 + l11 * x1 + l12 * x2 + l13 * x3
        z[lane + 2 * LANES] += l20 * x0 + l21 * x1 + l22 * x2 + l23 * x3
        z[lane + 3 * LANES] += l30 * x0 + l31 * x1 + l32 * x2 + l33 * x3


@_compiled
def _times_lower(x, lower, first):
    """One participant's variables times the lower triangle, in place.

    The last variable first: each needs only itself and those before it, which then are
    still as they were. The first `first` tiles of four variables are taken as zeros.
    """
    k = lower.shape[0]
    tiles = k // 4
    for b in range(k - 1, 4 * tiles - 1, -1):
        z = x[b * LANES : (b + 1) * LANES]
        factor = lower[b, b]
        for lane in range(LANES):
            z[lane] *= factor
        for a in range(4 * first, b):
            factor = lower[b, a]
            one = x[a * LANES : (a + 1) * LANES]
            for lane in range(LANES):
                z[lane] += factor * one[lane]
    for tile in range(tiles - 1, first - 1, -1):
        b = 4 * tile
        z = x[b * LANES : (b + 4) * LANES]
        _tile_on_diagonal(z, lower, b)
        for other in range(first, tile):
            a = 4 * other
            _tile_below(z, x[a * LANES : (a + 4) * LANES], lower, b, a)


@_compiled
def _add_one(out, x, y):
    """Adds the products of two variables of one participant."""
    for lane in range(LANES):
        out[lane] += x[lane] * y[lane]


@_compiled
def _products(x, n, k, left, right, out):
    """Adds the products of pairs of variables over all n participants."""
    step = k * LANES
    fours = n // 4 * 4
    for pair in range(left.size):
        total = out[pair * LANES : (pair + 1) * LANES]
        a, b = left[pair] * LANES, right[pair] * LANES
        for i in range(0, fours, 4):
            x0, y0 = x[a : a + LANES], x[b : b + LANES]
            x1, y1 = x[a + step : a + step + LANES], x[b + step : b + step + LANES]
            x2, y2 = x[a + 2 * step : a + 2 * step + LANES], x[b + 2 * step : b + 2 * step + LANES]
            x3, y3 = x[a + 3 * step : a + 3 * step + LANES], x[b + 3 * step : b + 3 * step + LANES]
            for lane in range(LANES):
                total[lane] += (
                    x0[lane] * y0[lane] + x1[lane] * y1[lane] + x2[lane] * y2[lane] + x3[lane] * y3[lane]
                )
            a += 4 * step
            b += 4 * step
        for i in range(fours, n):
            _add_one(total, x[a : a + LANES], x[b : b + LANES])
            a += step
            b += step


@_compiled
def _sums(x, n, k, mean, square):
    """Adds each variable and its square over all n participants."""
    step = k * LANES
    fours = n // 4 * 4
    for a in range(k):
        m = mean[a * LANES : (a + 1) * LANES]
        s = square[a * LANES : (a + 1) * LANES]
        for i in range(0, fours, 4):
            at = (i * k + a) * LANES
            one = x[at : at + 3 * step + LANES]
            for lane in range(LANES):
                x0 = one[lane]
                x1 = one[lane + step]
                x2 = one[lane + 2 * step]
                x3 = one[lane + 3 * step]
                m[lane] += x0 + x1 + x2 + x3
                s[lane] += x0 * x0 + x1 * x1 + x2 * x2 + x3 * x3
        for i in range(fours, n):
            at = (i * k + a) * LANES
            one = x[at : at + LANES]
            for lane in range(LANES):
                m[lane] += one[lane]
                s[lane] += one[lane] * one[lane]


@_compiled
def _complete_moments(x, n, k, left, right, mean, square, product):
    """Means, sums of squares and of products about the mean, everyone having everything."""
    mean[:] = 0.0
    square[:] = 0.0
    product[:] = 0.0
    _sums(x, n, k, mean, square)
    _products(x, n, k, left, right, product)
    for at in range(k * LANES):
        mean[at] /= n
        square[at] -= n * mean[at] * mean[at]
    for pair in range(left.size):
        at, a, b = pair * LANES, left[pair] * LANES, right[pair] * LANES
        c = product[at : at + LANES]
        one = mean[a : a + LANES]
        other = mean[b : b + LANES]
        for lane in range(LANES):
            c[lane] -= n * one[lane] * other[lane]


@_compiled
def _pairwise_moments(x, k, left, right, group, rows, start, mean, square, product):
    """The same for each pair over its own participants; two means and squares a pair."""
    mean[:] = 0.0
    square[:] = 0.0
    product[:] = 0.0
    for pair in range(left.size):
        at = pair * LANES
        c = product[at : at + LANES]
        at *= 2
        mx, my = mean[at : at + LANES], mean[at + LANES : at + 2 * LANES]
        sx, sy = square[at : at + LANES], square[at + LANES : at + 2 * LANES]
        first, last = start[group[pair]], start[group[pair] + 1]
        for place in range(first, last):
            a = (rows[place] * k + left[pair]) * LANES
            b = (rows[place] * k + right[pair]) * LANES
            one = x[a : a + LANES]
            other = x[b : b + LANES]
            for lane in range(LANES):
                mx[lane] += one[lane]
                my[lane] += other[lane]
            for lane in range(LANES):
                sx[lane] += one[lane] * one[lane]
                sy[lane] += other[lane] * other[lane]
                c[lane] += one[lane] * other[lane]
        n = last - first
        for lane in range(LANES):
            mx[lane] /= n
            my[lane] /= n
            sx[lane] -= n * mx[lane] * mx[lane]
            sy[lane] -= n * my[lane] * my[lane]
            c[lane] -= n * mx[lane] * my[lane]


# --- p values -----------------------------------------------------------------------------


@_compiled
def _p_values(r, coefficients, odd, p, work):
    """Two-sided p of correlations: see `helpers.replicates._p_of_r`."""
    for lane in range(LANES):
        work[lane] = 0.0
    for at in range(0, coefficients.size, SWEEP):
        c0, c1, c2, c3 = coefficients[at], coefficients[at + 1], coefficients[at + 2], coefficients[at + 3]
        c4, c5, c6, c7 = coefficients[at + 4], coefficients[at + 5], coefficients[at + 6], coefficients[at + 7]
        c8, c9, c10, c11 = (
            coefficients[at + 8], coefficients[at + 9], coefficients[at + 10], coefficients[at + 11],
        )  # fmt: skip
        for lane in range(LANES):
            u = 1.0 - r[lane] * r[lane]
            s = work[lane]
            s = (((s * u + c0) * u + c1) * u + c2) * u + c3
            s = (((s * u + c4) * u + c5) * u + c6) * u + c7
            work[lane] = (((s * u + c8) * u + c9) * u + c10) * u + c11
    if not odd:
        for lane in range(LANES):
            value = 1.0 - abs(r[lane]) * work[lane]
            p[lane] = 0.0 if value < 0.0 else value
    else:
        for lane in range(LANES):
            x = abs(r[lane])
            u = 1.0 - x * x
            u = 0.0 if u < 0.0 else u
            # The arc sine by rational approximation: below 1/2 of x itself, above of the
            # half angle. One polynomial for all lanes, which a library call would not be.
            small = x <= 0.5
            half = 0.5 - 0.5 * x
            half = 0.0 if half < 0.0 else half
            z = x * x if small else half
            base = x if small else math.sqrt(half)
            above = z * (
                1.66666666666666657415e-01
                + z * (-3.25565818622400915405e-01
                + z * (2.01212532134862925881e-01
                + z * (-4.00555345006794114027e-02
                + z * (7.91534994289814532176e-04 + z * 3.47933107596021167570e-05))))
            )  # fmt: skip
            below = 1.0 + z * (
                -2.40339491173441421878e00
                + z * (2.02094576023350569471e00
                + z * (-6.88283971605453293030e-01 + z * 7.70381505559019352791e-02))
            )  # fmt: skip
            angle = base + base * above / below
            angle = angle if small else 0.5 * math.pi - 2.0 * angle
            value = 1.0 - (2.0 / math.pi) * (angle + x * math.sqrt(u) * work[lane])
            p[lane] = 0.0 if value < 0.0 else value


@_compiled
def _t_to_r(t, df, r):
    """The correlation that has this t."""
    for lane in range(LANES):
        r[lane] = t[lane] / math.sqrt(t[lane] * t[lane] + df)


@_compiled
def _correlate(product, one, other, r):
    """Correlations from sums of products and of squares."""
    for lane in range(LANES):
        value = product[lane] / math.sqrt(one[lane] * other[lane])
        value = 1.0 if value > 1.0 else value
        r[lane] = -1.0 if value < -1.0 else value


# --- statistics ---------------------------------------------------------------------------


@_compiled
def _of_moments(
    pairs, places, left_at, right_at, size, kind, polynomials, odd, triples, growth,
    gap, square, product, table, at, work, small,
):  # fmt: skip
    """Everything that the moments tell, into the columns `at` onward of the table.

    `places` says at which line of the table each block of statistics begins.
    """
    for link in range(left_at.size):
        a, b = left_at[link] * LANES, right_at[link] * LANES
        r = work[link * LANES : (link + 1) * LANES]
        here = product[link * LANES : (link + 1) * LANES]
        _correlate(here, square[a : a + LANES], square[b : b + LANES], r)
        if link < pairs:
            line = table[places[0] + link, at : at + LANES]
            for lane in range(LANES):
                line[lane] = r[lane]
            which = kind[link]
            _p_values(r, polynomials[which], odd[which], table[places[1] + link, at : at + LANES], small)
    r = small[LANES : 2 * LANES]
    if growth[0] >= 0:
        link = growth[0]
        n = size[link]
        a, b = left_at[link] * LANES, right_at[link] * LANES
        c = product[link * LANES : (link + 1) * LANES]
        sx = square[a : a + LANES]
        sy = square[b : b + LANES]
        t = table[places[4], at : at + LANES]
        d = table[places[5], at : at + LANES]
        for lane in range(LANES):
            both = sx[lane] + sy[lane]
            t[lane] = gap[lane] * math.sqrt(n * (n - 1.0) / (both - 2.0 * c[lane]))
            d[lane] = gap[lane] * math.sqrt(2.0 * (n - 1.0) / both)
        _t_to_r(t, n - 1.0, r)
        _p_values(r, polynomials[growth[1]], odd[growth[1]], table[places[6], at : at + LANES], small)
    for which in range(triples.shape[0]):
        n = size[triples[which, 0]]
        one = work[triples[which, 0] * LANES : (triples[which, 0] + 1) * LANES]
        two = work[triples[which, 1] * LANES : (triples[which, 1] + 1) * LANES]
        tie = work[triples[which, 2] * LANES : (triples[which, 2] + 1) * LANES]
        t = table[places[7] + which, at : at + LANES]
        ratio = 2.0 * (n - 1.0) / (n - 3.0)
        for lane in range(LANES):
            a = one[lane]
            b = two[lane]
            c = tie[lane]
            middle = 0.5 * (a + b)
            rest = 1.0 - c
            determinant = 1.0 - a * a - b * b - c * c + 2.0 * a * b * c
            determinant = 0.0 if determinant < 0.0 else determinant
            spread = ratio * determinant + middle * middle * rest * rest * rest
            value = (a - b) * math.sqrt((n - 1.0) * (1.0 + c) / spread)
            t[lane] = 0.0 if a == b else value
        _t_to_r(t, n - 3.0, r)
        k = triples[which, 3]
        _p_values(r, polynomials[k], odd[k], table[places[8] + which, at : at + LANES], small)


@_compiled
def _slopes(x, k, links, left, right, left_at, right_at, group, rows, start, kind, polynomials, odd,
            mean, square, product, places, table, at, small):  # fmt: skip
    """Slope of the second variable of a link on the first, classical and HC3 errors."""
    slope = small[LANES : 2 * LANES]
    errors = small[2 * LANES : 3 * LANES]
    weighted = small[3 * LANES : 4 * LANES]
    for which in range(links.size):
        link = links[which]
        first, last = start[group[link]], start[group[link] + 1]
        n = last - first
        one = left_at[link] * LANES
        other = right_at[link] * LANES
        mx, my = mean[one : one + LANES], mean[other : other + LANES]
        sxx = square[one : one + LANES]
        sxy = product[link * LANES : (link + 1) * LANES]
        for lane in range(LANES):
            slope[lane] = sxy[lane] / sxx[lane]
            errors[lane] = 0.0
            weighted[lane] = 0.0
        for place in range(first, last):
            a = (rows[place] * k + left[link]) * LANES
            b = (rows[place] * k + right[link]) * LANES
            vx = x[a : a + LANES]
            vy = x[b : b + LANES]
            for lane in range(LANES):
                dx = vx[lane] - mx[lane]
                error = vy[lane] - my[lane] - slope[lane] * dx
                # dx e / (1 - h) with the leverage h = 1/n + dx^2 / sxx
                part = dx * error / (1.0 - 1.0 / n - dx * dx / sxx[lane])
                errors[lane] += error * error
                weighted[lane] += part * part
        value = table[places[9] + which, at : at + LANES]
        se = table[places[10] + which, at : at + LANES]
        hc3 = table[places[11] + which, at : at + LANES]
        for lane in range(LANES):
            value[lane] = slope[lane]
            se[lane] = math.sqrt(errors[lane] / ((n - 2.0) * sxx[lane]))
            robust = math.sqrt(weighted[lane]) / sxx[lane]
            hc3[lane] = robust
            errors[lane] = slope[lane] / robust
        _t_to_r(errors, n - 2.0, weighted)
        _p_values(
            weighted, polynomials[kind[link]], odd[kind[link]],
            table[places[12] + which, at : at + LANES], small,
        )  # fmt: skip


# --- ranks --------------------------------------------------------------------------------


@_compiled
def _rank(x, step, rows, first, last, scratch):
    """Midranks less their mean, of participants `step` places apart; into the scratch.

    The scratch holds the values first, then the ranks: every place a constant distance
    from every other. A participant ranks half a place up for each who is below, half a
    place down for each who is above, so ties share the middle.
    """
    n = last - first
    far = n * LANES
    for j in range(n):
        source = x[rows[first + j] * step : rows[first + j] * step + LANES]
        values = scratch[j * LANES : (j + 1) * LANES]
        ranks = scratch[far + j * LANES : far + (j + 1) * LANES]
        for lane in range(LANES):
            values[lane] = source[lane]
            ranks[lane] = 0.0
    for i in range(n):
        own = scratch[i * LANES : (i + 1) * LANES]
        rank = scratch[far + i * LANES : far + (i + 1) * LANES]
        j = i + 1
        while j + 4 <= n:
            other = scratch[j * LANES : (j + 4) * LANES]
            theirs = scratch[far + j * LANES : far + (j + 4) * LANES]
            for lane in range(LANES):
                v = own[lane]
                x0 = other[lane]
                x1 = other[lane + LANES]
                x2 = other[lane + 2 * LANES]
                x3 = other[lane + 3 * LANES]
                d0 = (0.5 if x0 < v else 0.0) - (0.5 if x0 > v else 0.0)
                d1 = (0.5 if x1 < v else 0.0) - (0.5 if x1 > v else 0.0)
                d2 = (0.5 if x2 < v else 0.0) - (0.5 if x2 > v else 0.0)
                d3 = (0.5 if x3 < v else 0.0) - (0.5 if x3 > v else 0.0)
                rank[lane] += (d0 + d1) + (d2 + d3)
                theirs[lane] -= d0
                theirs[lane + LANES] -= d1
                theirs[lane + 2 * LANES] -= d2
                theirs[lane + 3 * LANES] -= d3
            j += 4
        while j < n:
            other = scratch[j * LANES : (j + 1) * LANES]
            theirs = scratch[far + j * LANES : far + (j + 1) * LANES]
            for lane in range(LANES):
                v = own[lane]
                d0 = (0.5 if other[lane] < v else 0.0) - (0.5 if other[lane] > v else 0.0)
                rank[lane] += d0
                theirs[lane] -= d0
            j += 1


@_compiled
def _rank_correlations(
    x, n, k, complete, pairs, left, right, columns, group, rows, start, kind, polynomials, odd,
    places, table, at, ranked, square, product, small,
):  # fmt: skip
    """Spearman correlations; where everyone has everything the ranks replace the scores."""
    step = k * LANES
    if complete:
        square[:] = 0.0
        product[:] = 0.0
        for column in columns:
            _rank(x[column * LANES :], step, rows, 0, n, ranked)
            total = square[column * LANES : (column + 1) * LANES]
            for i in range(n):
                rank = ranked[(n + i) * LANES : (n + i + 1) * LANES]
                target = x[i * step + column * LANES : i * step + (column + 1) * LANES]
                for lane in range(LANES):
                    target[lane] = rank[lane]
                    total[lane] += rank[lane] * rank[lane]
        _products(x, n, k, left[:pairs], right[:pairs], product)
    for pair in range(pairs):
        c = product[pair * LANES : (pair + 1) * LANES]
        if complete:
            one = square[left[pair] * LANES : (left[pair] + 1) * LANES]
            other = square[right[pair] * LANES : (right[pair] + 1) * LANES]
        else:
            one = square[2 * pair * LANES : (2 * pair + 1) * LANES]
            other = square[(2 * pair + 1) * LANES : (2 * pair + 2) * LANES]
            first, last = start[group[pair]], start[group[pair] + 1]
            m = last - first
            here = ranked[: 2 * m * LANES]
            there = ranked[2 * m * LANES : 4 * m * LANES]
            _rank(x[left[pair] * LANES :], step, rows, first, last, here)
            _rank(x[right[pair] * LANES :], step, rows, first, last, there)
            for lane in range(LANES):
                one[lane] = 0.0
                other[lane] = 0.0
                c[lane] = 0.0
            for i in range(m, 2 * m):
                a = here[i * LANES : (i + 1) * LANES]
                b = there[i * LANES : (i + 1) * LANES]
                _add_one(one, a, a)
                _add_one(other, b, b)
                _add_one(c, a, b)
        r = table[places[2] + pair, at : at + LANES]
        _correlate(c, one, other, r)
        which = kind[pair]
        _p_values(r, polynomials[which], odd[which], table[places[3] + pair, at : at + LANES], small)


# --- what the engine calls ----------------------------------------------------------------


@_compiled
def rows_pass(
    x, lower, multiply, n, k, complete, pairs, places, left, right, left_at, right_at,
    size, group, rows, start, kind, polynomials, odd, triples, growth, change, links, columns,
    ranks, table, at, mean, square, product, work, small, ranked,
):  # fmt: skip
    """One pass: `LANES` replicates of n participants by k variables, which it overwrites."""
    if multiply:
        step = k * LANES
        for i in range(n):
            _times_lower(x[i * step : (i + 1) * step], lower, 0)
    if complete:
        _complete_moments(x, n, k, left, right, mean, square, product)
    else:
        _pairwise_moments(x, k, left, right, group, rows, start, mean, square, product)
    gap = small[2 * LANES : 3 * LANES]
    if growth[0] >= 0:
        before = mean[left_at[growth[0]] * LANES : (left_at[growth[0]] + 1) * LANES]
        after = mean[right_at[growth[0]] * LANES : (right_at[growth[0]] + 1) * LANES]
        for lane in range(LANES):
            gap[lane] = after[lane] - before[lane] + change
    _of_moments(
        pairs, places, left_at, right_at, size, kind, polynomials, odd, triples, growth,
        gap, square, product, table, at, work, small,
    )  # fmt: skip
    if links.size:
        _slopes(
            x, k, links, left, right, left_at, right_at, group, rows, start, kind, polynomials,
            odd, mean, square, product, places, table, at, small,
        )  # fmt: skip
    if ranks:
        _rank_correlations(
            x, n, k, complete, pairs, left, right, columns, group, rows, start, kind,
            polynomials, odd, places, table, at, ranked, square, product, small,
        )  # fmt: skip


@_compiled
def wishart_pass(
    gamma, normal, lower, n, k, pairs, places, left, right, left_at, right_at,
    size, kind, polynomials, odd, triples, growth, change, drift, columns,
    table, at, column, square, product, work, small,
):  # fmt: skip
    """One pass of Bartlett's decomposition: `WISHART_BLOCKS` times `LANES` replicates.

    Stops before the end of the table. `drift` is the standard deviation of the mean change.
    """
    step = WISHART_BLOCKS * LANES
    gap = small[2 * LANES : 3 * LANES]
    for block in range(WISHART_BLOCKS):
        here = at + block * LANES
        if here >= table.shape[1]:
            break
        square[:] = 0.0
        product[:] = 0.0
        below = block * LANES
        for j in range(k):
            first = j // 4
            for a in range(4 * first, j):
                for lane in range(a * LANES, (a + 1) * LANES):
                    column[lane] = 0.0
            chi = gamma[j * step + block * LANES : j * step + (block + 1) * LANES]
            target = column[j * LANES : (j + 1) * LANES]
            for lane in range(LANES):
                target[lane] = math.sqrt(2.0 * chi[lane])
            for a in range(j + 1, k):
                source = normal[below : below + LANES]
                target = column[a * LANES : (a + 1) * LANES]
                for lane in range(LANES):
                    target[lane] = source[lane]
                below += step
            _times_lower(column, lower, first)
            for a in columns:
                if a >= j:
                    one = column[a * LANES : (a + 1) * LANES]
                    _add_one(square[a * LANES : (a + 1) * LANES], one, one)
            for link in range(left.size):
                a, b = left[link], right[link]
                if a >= j and b >= j:
                    _add_one(
                        product[link * LANES : (link + 1) * LANES],
                        column[a * LANES : (a + 1) * LANES], column[b * LANES : (b + 1) * LANES],
                    )  # fmt: skip
        if growth[0] >= 0:
            source = normal[below : below + LANES]
            for lane in range(LANES):
                gap[lane] = change + drift * source[lane]
        _of_moments(
            pairs, places, left_at, right_at, size, kind, polynomials, odd, triples, growth,
            gap, square, product, table, here, work, small,
        )  # fmt: skip


def available() -> bool:
    """Whether numba is installed."""
    return _njit is not None
