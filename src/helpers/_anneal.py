"""The inner loop of the search for matched trials.

One function, written so that it runs the same way compiled by numba on arrays and by
plain Python on lists. It uses only whole numbers, + - * / and square roots, which every
machine rounds alike, so both ways give the same trials.
"""

from __future__ import annotations

import math

try:
    from numba import njit as _njit
    from numba.extending import register_jitable as _part
except ImportError:  # the same trials, more slowly
    _njit = None

    def _part(function):
        return function


# Kinds of statistics; `helpers.targets.Target` explains each.
MEAN, SD, R, ABS_R, D_BETWEEN, T_BETWEEN = 0, 1, 2, 3, 4, 5
D_POOLED, D_AV, D_RM, D_Z, D_FIRST, T_PAIRED = 6, 7, 8, 9, 10, 11
KINDS = {
    "mean": MEAN, "sd": SD, "r": R, "abs_r": ABS_R, "d_between": D_BETWEEN,
    "t_between": T_BETWEEN, "d_pooled": D_POOLED, "d_av": D_AV, "d_rm": D_RM, "d_z": D_Z,
    "d_first": D_FIRST, "t_paired": T_PAIRED,
}  # fmt: skip

# Kinds of derived columns; `helpers.codebook.Derived` explains each.
MAX_OF, BY_GROUP, AT_MOST, REDUCED_BY = 0, 1, 2, 3
RULES = {"max_of": MAX_OF, "by_group": BY_GROUP, "at_most": AT_MOST, "reduced_by": REDUCED_BY}

#: Moves that share one weight of the penalty.
BLOCK = 256
#: A statistic that cannot be computed (nothing varies) lies this far from everything.
UNDEFINED = 1e6


@_part
def statistic(kind, n, m, sx, sxx, sy, syy, sxy):
    """One statistic from sums; for two groups sy and syy are the second group's."""
    if kind == MEAN:
        return sx / n
    vx = (n * sxx - sx * sx) / (n * (n - 1.0))
    if kind == SD:
        return math.sqrt(vx) if vx > 0.0 else 0.0
    if kind == D_BETWEEN or kind == T_BETWEEN:
        vy = (m * syy - sy * sy) / (m * (m - 1.0))
        pooled = ((n - 1.0) * vx + (m - 1.0) * vy) / (n + m - 2.0)
        if pooled <= 0.0:
            return UNDEFINED
        if kind == D_BETWEEN:
            return (sx / n - sy / m) / math.sqrt(pooled)
        return abs(sx / n - sy / m) / math.sqrt(pooled * (1.0 / n + 1.0 / m))
    vy = (n * syy - sy * sy) / (n * (n - 1.0))
    vxy = (n * sxy - sx * sy) / (n * (n - 1.0))
    if kind == R or kind == ABS_R:
        if vx <= 0.0 or vy <= 0.0:
            return UNDEFINED
        r = vxy / math.sqrt(vx * vy)
        return abs(r) if kind == ABS_R else r
    rise = (sy - sx) / n
    if kind == D_POOLED:
        spread = (vx + vy) / 2.0
    elif kind == D_FIRST:
        spread = vx
    elif kind == D_AV:
        half = (math.sqrt(max(vx, 0.0)) + math.sqrt(max(vy, 0.0))) / 2.0
        spread = half * half
    else:
        spread = vx + vy - 2.0 * vxy
    if spread <= 0.0:
        return UNDEFINED
    value = rise / math.sqrt(spread)
    if kind == T_PAIRED:
        return abs(value) * math.sqrt(n)
    if kind == D_RM:
        if vx <= 0.0 or vy <= 0.0:
            return UNDEFINED
        r = vxy / math.sqrt(vx * vy)
        return value * math.sqrt(max(2.0 * (1.0 - r), 0.0))
    return value


@_part
def derived_value(rule, a, b, limit):
    """The score of a derived column from the scores of its parts."""
    if rule == MAX_OF:
        return a if a > b else b
    if rule == BY_GROUP:
        return a
    if rule == AT_MOST:
        return 1 if a <= limit else 0
    return 1 if b <= limit * a + 1e-9 else 0


def anneal(
    words, patience, weights, stubborn,
    x, g, sums, penalty,
    n_columns, n_base, n_people, n_groups, group_of,
    cell_i, cell_c, cell_table, cell_low, cell_high, cell_reach, cell_pattern,
    cell_first_peer, cell_n_peers,
    z, log_mass, curvature,
    dep_start, dep_count, deps, rule, rule_a, rule_b, rule_limit, rule_pick,
    con_start, con_count, cons,
    con_kind, con_x, con_y, con_n, con_m, con_low, con_high, con_scale, con_mask,
    old_i, old_j, changed, fresh, fresh_penalty,
):  # fmt: skip
    """Try one move for each word; the number of moves that were made."""
    n_cells = len(cell_i)
    made = 0
    missed = 0
    for k in range(len(penalty)):
        if penalty[k] > 0.0:
            missed += 1
    for move in range(len(words)):
        if stubborn and missed == 0:
            break
        word = words[move]
        cell = ((word & 0xFFFFFF) * n_cells) >> 24
        i = cell_i[cell]
        c = cell_c[cell]
        reach = cell_reach[cell]
        delta = ((((word >> 40) & 0xFFFF) * (2 * reach)) >> 16) - reach
        if delta >= 0:
            delta += 1
        at_i = i * n_columns + c
        before_i = x[at_i]
        # Half of the moves take from one what they give to another of the same group.
        j = -1
        at_j = 0
        before_j = 0
        after_j = 0
        other = cell
        if (word >> 56) & 1:
            other = cell_first_peer[cell] + ((((word >> 24) & 0xFFFF) * cell_n_peers[cell]) >> 16)
            if other != cell:
                j = cell_i[other]
                at_j = j * n_columns + c
                before_j = x[at_j]
                if stubborn and (word >> 57) & 1:
                    # The two change places: mean and SD of the group stay as they are.
                    delta = before_j - before_i
                    if delta == 0:
                        continue
                after_j = before_j - delta
                if after_j < cell_low[other] or after_j > cell_high[other]:
                    continue
        after_i = before_i + delta
        if after_i < cell_low[cell] or after_i > cell_high[cell]:
            continue

        # What the move costs in log density of the population.
        table = cell_table[cell]
        dz_i = z[table + after_i] - z[table + before_i]
        own = curvature[(cell_pattern[cell] * n_base + c) * n_base + c]
        cost = (
            dz_i * g[i * n_base + c]
            + 0.5 * own * dz_i * dz_i
            - (log_mass[table + after_i] - log_mass[table + before_i])
        )
        dz_j = 0.0
        if j >= 0:
            table = cell_table[other]
            dz_j = z[table + after_j] - z[table + before_j]
            own = curvature[(cell_pattern[other] * n_base + c) * n_base + c]
            cost += (
                dz_j * g[j * n_base + c]
                + 0.5 * own * dz_j * dz_j
                - (log_mass[table + after_j] - log_mass[table + before_j])
            )

        # The most penalty with which the move would be taken.
        allowed = (patience[move] - cost) / weights[move // 256]
        first = con_start[c]
        last = first + con_count[c]
        for at in range(first, last):
            allowed += penalty[cons[at]]
        if allowed < 0.0:
            continue

        # Make the move, remember what it changes.
        old_i[c] = before_i
        x[at_i] = after_i
        changed[c] = 1
        if j >= 0:
            old_j[c] = before_j
            x[at_j] = after_j
        for at in range(dep_start[c], dep_start[c] + dep_count[c]):
            d = deps[at]
            changed[d] = 1
            for who in range(2):
                p = i if who == 0 else j
                if p < 0:
                    continue
                row = p * n_columns
                a = rule_a[d]
                if rule[d] == 1:
                    a = rule_pick[d * n_groups + group_of[p]]
                if who == 0:
                    old_i[d] = x[row + d]
                else:
                    old_j[d] = x[row + d]
                x[row + d] = derived_value(
                    rule[d], x[row + a], x[row + rule_b[d]], rule_limit[d]
                )

        # Update the sums of each statistic that it touches, until it costs too much.
        total = 0.0
        good = True
        for at in range(first, last):
            k = cons[at]
            slot = 5 * (at - first)
            sx = sums[5 * k]
            sxx = sums[5 * k + 1]
            sy = sums[5 * k + 2]
            syy = sums[5 * k + 3]
            sxy = sums[5 * k + 4]
            cx = con_x[k]
            cy = con_y[k]
            for who in range(2):
                p = i if who == 0 else j
                if p < 0:
                    continue
                side = con_mask[k * n_people + p]
                if side == 0:
                    continue
                new_x = x[p * n_columns + cx]
                old_x = new_x
                if changed[cx]:
                    old_x = old_i[cx] if who == 0 else old_j[cx]
                if side == 2:  # the second of two groups
                    sy += new_x - old_x
                    syy += new_x * new_x - old_x * old_x
                    continue
                sx += new_x - old_x
                sxx += new_x * new_x - old_x * old_x
                if cy >= 0:
                    new_y = x[p * n_columns + cy]
                    old_y = new_y
                    if changed[cy]:
                        old_y = old_i[cy] if who == 0 else old_j[cy]
                    sy += new_y - old_y
                    syy += new_y * new_y - old_y * old_y
                    sxy += new_x * new_y - old_x * old_y
            value = statistic(con_kind[k], con_n[k], con_m[k], sx, sxx, sy, syy, sxy)
            miss = 0.0
            if value < con_low[k]:
                miss = (con_low[k] - value) * con_scale[k]
            elif value > con_high[k]:
                miss = (value - con_high[k]) * con_scale[k]
            miss = miss * miss
            total += miss
            if total > allowed:
                good = False
                break
            fresh_penalty[at - first] = miss
            fresh[slot] = sx
            fresh[slot + 1] = sxx
            fresh[slot + 2] = sy
            fresh[slot + 3] = syy
            fresh[slot + 4] = sxy

        changed[c] = 0
        if good:
            made += 1
            for at in range(first, last):
                k = cons[at]
                slot = 5 * (at - first)
                if stubborn:
                    missed += (fresh_penalty[at - first] > 0.0) - (penalty[k] > 0.0)
                penalty[k] = fresh_penalty[at - first]
                for part in range(5):
                    sums[5 * k + part] = fresh[slot + part]
            line = (cell_pattern[cell] * n_base + c) * n_base
            for b in range(n_base):
                g[i * n_base + b] += dz_i * curvature[line + b]
            if j >= 0:
                line = (cell_pattern[other] * n_base + c) * n_base
                for b in range(n_base):
                    g[j * n_base + b] += dz_j * curvature[line + b]
        else:
            x[at_i] = before_i
            if j >= 0:
                x[at_j] = before_j
        for at in range(dep_start[c], dep_start[c] + dep_count[c]):
            d = deps[at]
            changed[d] = 0
            if not good:
                x[i * n_columns + d] = old_i[d]
                if j >= 0:
                    x[j * n_columns + d] = old_j[d]
    return made


def compiled_anneal():
    """The loop compiled by numba, or None where numba is not installed."""
    return None if _njit is None else _njit(nogil=True, cache=True)(anneal)
