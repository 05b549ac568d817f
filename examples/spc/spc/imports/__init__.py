r"""A file of measurements on its way in: all of it, or nothing.

    size.py          no upload is larger than the site takes
    csv_file.py      \  a file -> batches of columns,
    parquet_file.py  /  a few thousand rows at a time
    rows.py          batches -> checked arrays, and what is wrong with which row
    staging.py       arrays -> staged rows -> one transaction that stores them
    process.py       the process that does it, beside the workers
    start.py         starts that process, from a worker
    abandoned.py     which imports have lost theirs

Why a process of its own: a worker that reads 1,000,000 rows holds its interpreter for seconds, and everybody
else's charts wait. It also outlives a reload, may have a limit of memory, and takes pyarrow's 60 MB along
when it ends.
"""
