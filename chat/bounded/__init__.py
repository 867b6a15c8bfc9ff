"""Work on outside text and files that may take too long, in processes that can be killed: nothing else may do it.

A thread can't be interrupted, so one text could hold it forever. Here each piece of work has a deadline of processor time,
people take turns, and a process that dies is replaced.
"""
