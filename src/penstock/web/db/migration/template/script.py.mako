"""${message[:1].upper() + message[1:]}."""

import sqlalchemy as sa
from alembic import op
% for each in sorted(imports):
${each}
% endfor

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades}


def downgrade() -> None:
    ${downgrades}
