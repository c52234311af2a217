"""What tables must look like: read by declared digest, typed, all breaches at once."""

from analysis.contract.breach import Breach, ContractError
from analysis.contract.check import check_study, read_table

__all__ = ["Breach", "ContractError", "check_study", "read_table"]
