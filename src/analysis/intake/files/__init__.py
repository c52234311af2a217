"""Files of offices and survey teams as sheets of cells, refused when damaged or not what they seem."""
