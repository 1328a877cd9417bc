"""An air-gapped ceremony tool for threshold keys: key generation, signing and audit across offline stations."""
