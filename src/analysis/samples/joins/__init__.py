"""Tables joined by declared keys: how many rows match is counted, many-to-many is refused, no row is multiplied.

`join` joins two tables; `linked` makes the views of the programme's tables that chapters read, `rates` their account.
"""

from analysis.samples.joins.keyed import Expect, Joined, JoinError, join
from analysis.samples.joins.views import VIEWS, linked, rates

__all__ = ["VIEWS", "Expect", "JoinError", "Joined", "join", "linked", "rates"]
