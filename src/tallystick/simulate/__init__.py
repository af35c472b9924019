"""Two sides, the transit between them and what they write down, in virtual time.

Nothing here knows how pairing works: truth is planted by mechanism (what a carrier
does to a call), never by the features that a detector looks at.
"""
