"""Every difference between front office, hub, back office and bank, found by arithmetic of its own and named to the last cent.

    corners  →  bench (DuckDB)  →  pairs  →  causes  →  waterfalls  →  Report  →  work, close, exports, mail
    read anew   one table of items  who is    why a      from one       what finance reads and signs
                                    whom      pair differs corner to the other

Nothing here asks the mapping engine, the posting table or a writer what it meant: each corner is read by code of its own, a source by
SQL that a person wrote down (`controls`), so that a bug in delivery shows as a difference and not twice as the same mistake.
"""
