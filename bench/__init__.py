"""The benchmark: penstock beside its peers, in one interleaved run.

Run as `python -m bench` from the project's root; `__main__` holds the command line.

    applications, django_app   what is served
    traffic                    what is asked, byte for byte
    servers                    who answers, and how each is started
    load                       who asks: wrk, the two-route client, held connections
    accounting                 what it cost: CPU and memory of a whole process tree
    scenarios                  which of these are put together
    rounds                     the interleaving
    machine, bars, report      what is written down
"""
