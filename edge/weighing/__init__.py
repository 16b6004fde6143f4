"""From samples to settled weights: grams of every plate come in, `WeightRecord`s of one shelf go out (pure, no I/O).

The interface the agent and the replay build on (`edge.weighing.shelf`):

    weigher = ShelfWeigher(shelf, plates, heartbeat_s=30.0)    # plates: ids; or a mapping id -> capacity in grams
    weigher.add(plate, mono_ms, weight_g)                      # every good sample, in order of time
    weigher.saturate(plate, mono_ms)                           # a sample at the converter's rail, which has no weight
    records = weigher.tick(mono_ms)                            # call at least every 100 ms of shop time; more is cheap

- Time is shop milliseconds; samples of one shelf may come in any plate order, but time must not run back. Any rate
  works, steady or not; samples may be missing. `tick` may be called after every sample, every 100 ms, or, when the
  samples are at hand (replay), once at the end: what it returns is the same.
- `tick` returns whole episodes only: all `step` records of a shelf with one `mono_ms`, `remaining` counting down to 0,
  in one list. `heartbeat` records follow by plate, every `heartbeat_s` while the shelf is at rest, the first one as
  soon as the shelf has been learned (about 3 s) and has come to rest. What changes after the first weights of healthy
  plates is a step, however badly the samples came.
- `weigher.noise_g(plate)` and `weigher.quality(plate)` tell the health of a plate, `weigher.weights()` the newest
  weight of each plate.

`edge.weighing.calibration.Calibration.grams(count)` comes before it on the path.
"""
