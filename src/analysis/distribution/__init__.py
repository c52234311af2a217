"""Who gains: inequality, quantiles, losers, targeting and the sources through which income changed (question E6)."""

from analysis.distribution.decomposition import between_groups, gini_by_source
from analysis.distribution.inequality import inequality
from analysis.distribution.lorenz import concentration, dominance, generalised_lorenz, lorenz
from analysis.distribution.losers import Losers, losers, makarov
from analysis.distribution.measured import DistributionError, Measured, difference
from analysis.distribution.quantile_did import QuantileEffects
from analysis.distribution.quantile_did import fit as quantile_effects
from analysis.distribution.rif import Statistic, rif, rif_panel
from analysis.distribution.sources import Waterfall, by_source, peach_links, ratio_panel, waterfall
from analysis.distribution.targeting import concentration_index, marginal_effects, penetration, rates_by_fifth

__all__ = [
    "DistributionError", "Losers", "Measured", "QuantileEffects", "Statistic", "Waterfall", "between_groups",
    "by_source", "concentration", "concentration_index", "difference", "dominance", "generalised_lorenz",
    "gini_by_source", "inequality", "lorenz", "losers", "makarov", "marginal_effects", "peach_links", "penetration",
    "quantile_effects", "rates_by_fifth", "ratio_panel", "rif", "rif_panel", "waterfall",
]  # fmt: skip
