#!/bin/sh
# What a newcomer has to read, in numbers: sh xtask/count.sh [COMMIT]
set -eu
commit=${1:-HEAD}
files() { git ls-tree -r --name-only "$commit" | grep '\.rs$'; }
# Lines of these folders' sources that match.
hits() { pattern=$1; shift; { git grep -hE "$pattern" "$commit" -- "$@" || true; } | wc -l; }

for file in $(files); do git show "$commit:$file" | wc -l; done | sort -n | awk '
    { n[NR] = $1; sum += $1 }
    END { print NR, "Rust files"; print sum, "lines"
          print n[int((NR + 1) / 2)], "lines, the median file"; print n[NR], "lines, the longest" }'
for file in $(files); do git show "$commit:$file" | head -n 1 | grep -q '^//!' || echo; done | wc -l | tr '\n' ' '
echo "files without a comment on top"
echo "$(hits 'cfg\((any|all|not)?\(?feature = "(engine|weights)"' core/src) switches in core between what computes and what does not"
echo "$(hits '[a-z]\.step\(\);$' core/src trainer/src web/src) lines that make a run step"
echo "$(hits '^ *(pub )?enum [A-Za-z]*Start' core/src trainer/src web/src) enums of where an image starts"
echo "$(hits 'struct Row\b' core/src trainer/src web/src) structs called Row"
echo "$(hits 'struct Checkpoint\b' trainer/src) structs called Checkpoint"
echo "$(hits 'backend: Backend,' trainer/src) declarations of --backend"
# Files of these folders' sources that match.
naming() { pattern=$1; shift; { git grep -lE "$pattern" "$commit" -- "$@" || true; } | wc -l; }
# All sources in which a line matches, and of them what stands between such a line and the next `}` at the margin.
inside() { for file in $(git grep -lE "$1" "$commit" -- "$2"); do git show "$file" | awk -v begin="$1" '
    $0 ~ begin { on = 1; next } /^}/ { on = 0 } on'; done; }
lines() { grep -cE "$1" || true; }

# A newer page keeps both states behind a reference.
session='^pub struct (Session|State) [{]'
slot='^pub struct (Slot|SlotState) [{]'
echo "$(inside "$session" web/src/page/session.rs | lines '^    (pub(\([a-z]+\))? )?[a-z_]+:') fields of Session"
echo "$(inside '^impl Session [{]' web/src/page | lines '^    (pub(\([a-z]+\))? )?(async )?fn ') methods of Session"
echo "$(inside "$slot" web/src/page/engines/slot.rs | lines 'RwSignal<') signals of Slot"
echo "$(hits 'Result<.*, String>' web/src/page) lines with a Result<_, String> on the page"
echo "$(hits '<select' web/src/page) places that write a <select>"
echo "$(inside '^pub fn train[(]job' trainer/src/train | lines '') lines of train()"
echo "$(naming 'Mode::Explain\b' web/src) files that name Mode::Explain"
echo "$(naming 'Goal::Collide\b' core/src trainer/src web/src) files that name Goal::Collide"
echo "$(naming 'Constraint::Linf\b' core/src trainer/src) files that name Constraint::Linf"
