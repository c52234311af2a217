"""Arms of a treatment against one another: functions of their estimates and joint covariance, a file per method."""
