"""Causes of a rise in burn, each decided from the ledger alone."""

from __future__ import annotations

import enum


class Cause(enum.StrEnum):
    """Likely cause of a spike; the comment gives the evidence that names it."""

    RETRY_STORM = "retry_storm"  # requests multiply; the same input per request, answers cut short or errors
    LONGER_PROMPTS = "longer_prompts"  # input tokens per request rise
    LONGER_ANSWERS = "longer_answers"  # output tokens per request rise
    DEARER_MODEL = "dearer_model"  # the same requests move to a model that costs more
    LEAKED_KEY = "leaked_key"  # an old key suddenly calls models it never called
    RUNAWAY_BATCH = "runaway_batch"  # batch-tier or non-production traffic explodes
    RE_EMBEDDING = "re_embedding"  # the rise is embeddings
    LOST_CACHE = "lost_cache"  # the cached share of input collapses
    SLOW_CREEP = "slow_creep"  # no jump anywhere, yet days drift above the weeks before
    NEW_KEY = "new_key"  # a key first seen within a day burns
    MORE_REQUESTS = "more_requests"  # plain growth: more of the same requests
    PRICE_CHANGE = "price_change"  # the rate itself rose
