"""The auditor: a transcript goes in, numbered findings and a verdict come out. No secrets, no station, no rounds."""
