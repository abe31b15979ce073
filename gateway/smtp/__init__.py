"""The SMTP door: limits, authentication, send-as, replies. No policy."""
