"""Steps of runbooks as their files say them."""

from __future__ import annotations

NOTE = 'kind = "note"\nprompt = "What?"'
CHOICE = """
kind = "decision"
question = "How?"
[[choice]]
answer = "loud"
label = "loudly"
[[choice]]
answer = "quiet"
label = "quietly"
go = "end"
"""
TOP_UP = """
kind = "action"
id = "top-up"
action = "top-up"
with = { allocation = "org-1234-bg-payments", amount = "50,000" }
"""
APPROVED = 'kind = "approval"\nid = "approved"\nof = "top-up"\ntimeout = "1h"'
SIGNED = 'kind = "approval"\nsign = [["finance"], ["engineering", "lead"]]\n'
TOLD = 'kind = "notify"\nto = ["central_finance"]\ntext = "Run {run} asks for you"\n'
