"""One frozen model of the configuration and one of the policy file; an unknown key is an error."""
