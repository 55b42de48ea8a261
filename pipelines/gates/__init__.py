"""Gates: what stands between a run and its readers.

Each gate compares a figure with the bars of its key in [gates] of the settings, and says passed, warned, held or not
asked with a sentence that names the cause. docs/gates.md has them all with their bars and reasons.

- `data`: before anything is fitted, on the copy of the orders: columns, rows, rejected rows, copies, single customers,
  amounts, days, and whether the past is still what the last run saw.
- `models`: diagnostics of fits, the backtest against plain rules and the champion, coverage of intervals.
- `compare`: this run beside the one published last.
- `drift`: parameters, total value and the last forecast, from that comparison.

`judge.cause` picks the result that tells most where several gates have something to say.
"""
