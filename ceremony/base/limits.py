"""Ceilings for everything that arrives from outside, checked before memory is reserved. Units are in the names.

A number here is part of the format: ``docs/formats.md`` names it, and raising one is a change of version.
"""

MAX_PARTIES = 128              # stations in a group; eprint 2025/1001 makes larger FROST groups doubtful
MAX_ECDSA_PARTIES = 32         # holders of an ECDSA key; the ranges of Pi-dec count with it
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
MAX_WAITING_LINES = 4_096      # entries of one author kept while their past is missing
MAX_STRANGER_LINES = 1_024     # lines kept although the key of their author is not known yet
MAX_BUNDLE_ENTRIES = 100_000
MAX_BUNDLE_SEALS = 10_000
MAX_SEAL_BYTES = 65_536        # one seal text
MAX_BACKUP_BYTES = 131_072     # one backup file; recovery data of 128 holders is about 30 kB
MAX_STICK_NAMES = 100_000      # names looked at in one folder of a stick
MAX_STICK_FILES = 20_000       # files read from a stick in one visit
MAX_STICK_BYTES = 256_000_000  # bytes read from a stick in one visit
MAX_STICK_LINES = 200_000      # lines taken from a stick in one visit
MAX_PACK_BYTES = 64_000_000    # one file of packed lines
MAX_SEAL_SIGNATURE_BYTES = 4_096  # one armoured signature over a seal
