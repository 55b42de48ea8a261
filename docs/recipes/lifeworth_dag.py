"""Airflow 3: a run every night for the day before. A gate that holds fails the task at once, a kill is tried again."""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from airflow.exceptions import AirflowFailException
from airflow.sdk import dag, task

FOLDER = Path("/srv/lifeworth")
PUBLISHED = (0, 3)  # 3: with warnings
DOES_NOT_MEND_ITSELF = (2, 4, 5)  # usage, held by a gate, data or settings


@task(retries=2, retry_delay=timedelta(minutes=10))
def run(day: str, password: str) -> int:
    """Run lifeworth for a day; what it says is in the task's log."""
    command = [FOLDER / ".venv/bin/lifeworth", "run", "lifeworth.toml", "--as-of", day]
    code = subprocess.run(command, cwd=FOLDER, env={**os.environ, "PGPASSWORD": password}, check=False).returncode
    if code in DOES_NOT_MEND_ITSELF:
        raise AirflowFailException(f"lifeworth ended with {code}: see the log and {FOLDER}/out/held")
    if code not in PUBLISHED:
        raise RuntimeError(f"lifeworth ended with {code}")
    return code


@dag(schedule="30 2 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def lifeworth():
    """Retrain customer lifetime value every night."""
    run(day="{{ ds }}", password="{{ conn.shop.password }}")


lifeworth()
