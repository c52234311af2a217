"""Personal data: found, masked, and linked only through keyed pseudonyms."""
