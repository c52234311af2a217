"""Member minus non-member, plain and holding covariates constant by least squares.

Bell, McCaffrey (2002), Survey Methodology 28, sec. 4; Imbens, Kolesar (2016), Review of Economics and Statistics 98,
sec. 3: CR2 errors by village and Student's t with Satterthwaite degrees of freedom.

    y = D tau + x' beta + e,   V = sum_g (l' (X'X)^-1 X_g' A_g e_g)^2,   A_g = (I - H_gg)^-1/2,  H = X (X'X)^-1 X'

With a village for every household this is HC2. Survey weights enter as inverse variances: X and y are multiplied by
their square root first. Degrees of freedom are those of the working model of equal, unrelated errors.
"""

from __future__ import annotations

import numpy as np

from analysis.estimators import _rank
from analysis.members import _gate, _influence
from analysis.members.section import Effect, Section

CARRIES = (
    1e-10  # a village with leverage within this of one carries a coefficient alone and shows no error of it
)


def difference(section: Section, *, conf_level: float = 0.95) -> Effect:
    """Mean outcome of members minus that of non-members: no adjustment, no causal claim.

    Raises
    ------
    MemberEffectError : one group, one village, missing values.
    """
    _gate.check(section, conf_level)
    return _least_squares("difference", section, np.ones((1, len(section.outcome))), conf_level)


def ols(section: Section, *, conf_level: float = 0.95) -> Effect:
    """Difference between members and non-members with the same covariates, if income is linear in them.

    With effects that differ between households this is a variance-weighted average of them, not the average effect on
    members (Angrist 1998).

    Raises
    ------
    MemberEffectError : as `difference`; a covariate does not vary by itself, or not beside membership.
    """
    _gate.check(section, conf_level)
    return _least_squares("ols", section, _gate.design(section), conf_level)


def _least_squares(method: str, section: Section, covariates: np.ndarray, conf_level: float) -> Effect:
    treated = section.treated.astype(float)
    design = np.vstack([covariates, treated - np.average(treated, weights=section.weight)])
    if _rank.first_dependent(design) is not None:
        raise _gate.refusal(
            "membership is a combination of the covariates: nobody is left to compare with",
            "社员身份是协变量的组合：没有可比较的对象",
        )
    n, q = len(treated), len(design)
    if n <= q:
        raise _gate.refusal(
            f"{n} households do not carry {q} coefficients; use fewer covariates",
            f"{n} 户不足以估计 {q} 个系数，请减少协变量",
        )
    root = np.sqrt(section.weight)
    x, y = (design * root).T, section.outcome * root
    orthogonal, triangle = np.linalg.qr(x)
    beta = np.linalg.solve(triangle, orthogonal.T @ y)
    residual = y - x @ beta
    target = np.linalg.solve(
        triangle.T, np.eye(q)[-1]
    )  # l' (X'X)^-1 X' = target' Z', Z the orthogonal factor
    influence, df = _bell_mccaffrey(orthogonal, residual, target, section.cluster)
    everybody = np.ones(n, dtype=bool)
    return _influence.with_error(
        method, float(beta[-1]), float(np.sqrt(influence @ influence)), df, section, everybody,
        conf_level=conf_level, influence=influence,
    )  # fmt: skip


def _bell_mccaffrey(
    z: np.ndarray, residual: np.ndarray, target: np.ndarray, cluster: np.ndarray
) -> tuple[np.ndarray, float]:
    """(G,) CR2 influence of target' Z' y and its degrees of freedom, Z (n, q) orthonormal.

    A_g Z_g = Z_g M_g with M_g = V (1 - lambda)^-1/2 V' from the eigenvectors of Z_g' Z_g, so that nothing larger than
    q x q is decomposed. Under the working model cov(c_g, c_h) = 1{g = h} m_g' S_g m_g - (S_g m_g)' (S_h m_h).
    """
    _, code = np.unique(cluster, return_inverse=True)
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    z, residual = z[order], residual[order]
    gram = np.add.reduceat(z[:, :, None] * z[:, None, :], starts, axis=0)
    score = np.add.reduceat(z * residual[:, None], starts, axis=0)
    value, vector = np.linalg.eigh(gram)
    left = 1 - value
    larger = np.where(left > CARRIES, 1 / np.sqrt(np.maximum(left, CARRIES)), 0.0)
    m = np.einsum("gij,gj->gi", vector, larger * np.einsum("gji,j->gi", vector, target))
    pulled = np.einsum("gij,gj->gi", gram, m)
    own = (m * pulled).sum(axis=1)
    length = (pulled**2).sum(axis=1)
    trace = own.sum() - length.sum()
    square = (own**2).sum() - 2 * (own * length).sum() + ((pulled.T @ pulled) ** 2).sum()
    return (m * score).sum(axis=1), float(trace**2 / square)
