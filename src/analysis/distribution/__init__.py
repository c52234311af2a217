"""Who gains: inequality, quantiles, losers, targeting and the sources through which income changed (question E6)."""

from analysis.distribution.decomposition import between_groups, gini_by_source
from analysis.distribution.everyone import Everyone, everyone, fifths, with_rest
from analysis.distribution.inequality import inequality
from analysis.distribution.known import without_effects
from analysis.distribution.lorenz import concentration, dominance, generalised_lorenz, lorenz
from analysis.distribution.losers import Losers, losers, makarov
from analysis.distribution.measured import DistributionError, Measured, difference
from analysis.distribution.quantile_did import QuantileEffects
from analysis.distribution.quantile_did import fit as quantile_effects
from analysis.distribution.rif import Statistic, rif, rif_panel
from analysis.distribution.sources import Waterfall, by_source, waterfall
from analysis.distribution.targeting import concentration_index, marginal_effects, penetration, rates_by_fifth

__all__ = [
    "DistributionError", "Everyone", "Losers", "Measured", "QuantileEffects", "Statistic", "Waterfall", "between_groups",
    "by_source", "concentration", "concentration_index", "difference", "dominance", "everyone", "fifths",
    "generalised_lorenz", "gini_by_source", "inequality", "lorenz", "losers", "makarov", "marginal_effects",
    "penetration", "quantile_effects", "rates_by_fifth", "rif", "rif_panel", "waterfall", "with_rest",
    "without_effects",
]  # fmt: skip
