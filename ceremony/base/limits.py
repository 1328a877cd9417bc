"""Ceilings for everything that arrives from outside, checked before memory is reserved. Units are in the names.

A number here is part of the format: ``docs/formats.md`` names it, and raising one is a change of version.
"""

MAX_PARTIES = 128              # stations in a group; eprint 2025/1001 makes larger FROST groups doubtful
MIN_THRESHOLD = 2              # signers needed, at least
MAX_INTEGER = 2**53 - 1        # largest integer that RFC 8785 keeps exact
MAX_NESTING = 32               # depth of arrays and objects in one canonical value
MAX_LINE_BYTES = 4_000_000     # one entry line, body included
MAX_BUNDLE_BYTES = 16_000_000  # one bundle of entries
MAX_CARD_BYTES = 4_096
MAX_PLAN_BYTES = 262_144
MAX_PSBT_BYTES = 1_500_000     # raw bytes of one PSBT
MAX_PSBT_INPUTS = 500
MAX_PSBT_OUTPUTS = 500
MAX_TRANSACTION_BYTES = 4_000_000  # one Bitcoin transaction: no block holds a larger one (BIP-141)
MAX_SEQ = 2**31 - 1            # last place in a chain
MAX_INCARNATION = 2**52 - 1    # the number of a later incarnation is 13 hex digits of a hash
MAX_SEEN = 1_024               # chains that one entry names
MAX_WAITING_LINES = 4_096      # entries of one chain kept while their past is missing
MAX_BUNDLE_ENTRIES = 100_000
MAX_BUNDLE_SEALS = 10_000
MAX_SEAL_BYTES = 65_536        # one seal text
