// How the devtools look, in light and dark. They are in a shadow tree: nothing here leaves it.

export const STYLE = `
:host {
  color-scheme: light dark;
  --surface: light-dark(#ffffff, #181b21);
  --raised: light-dark(#f5f6f8, #20242c);
  --line: light-dark(#e1e4ea, #2a2f38);
  --ink: light-dark(#1b1f27, #e8eaee);
  --muted: light-dark(#5d6675, #98a1b0);
  --accent: light-dark(#4752c4, #8f9bff);
  --warn: light-dark(#a86400, #eab04d);
  --good: light-dark(#1d8a55, #4fc98a);
  --bad: light-dark(#c2333f, #ff7b84);
  font: 13px/1.45 ui-sans-serif, system-ui, sans-serif;
  color: var(--ink);
}
* { box-sizing: border-box; }
button, input, textarea, select {
  font: inherit;
  color: inherit;
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 6px;
  padding: 3px 9px;
}
button { cursor: pointer; }
label.button { border: 1px solid var(--line); border-radius: 6px; padding: 3px 9px; cursor: pointer; }
label.button:focus-within { outline: 2px solid var(--accent); outline-offset: 1px; }
label.button input { position: absolute; inline-size: 1px; block-size: 1px; opacity: 0; }
button:disabled { opacity: 0.45; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.handle {
  position: fixed;
  top: 40%;
  right: 0;
  z-index: 2147483000;
  padding: 10px 4px;
  border-right: 0;
  border-radius: 8px 0 0 8px;
  background: var(--accent);
  color: light-dark(#ffffff, #111318);
  font-weight: 600;
  writing-mode: vertical-rl;
}
.panel {
  position: fixed;
  inset: auto 0 0;
  z-index: 2147483000;
  block-size: min(46vh, 460px);
  display: flex;
  flex-direction: column;
  background: var(--surface);
  border-block-start: 1px solid var(--line);
  box-shadow: 0 -8px 24px rgb(0 0 0 / 18%);
}
header, .bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px;
  padding: 7px 12px;
}
header { background: var(--raised); border-block-end: 1px solid var(--line); }
header .muted, header .opened { margin-inline-start: auto; }
.opened { color: var(--warn); }
[role="tablist"] { display: flex; gap: 2px; }
[role="tab"] { border-color: transparent; background: transparent; }
[role="tab"][aria-selected="true"] { background: var(--surface); border-color: var(--line); color: var(--accent); font-weight: 600; }
.view { flex: 1; min-block-size: 0; overflow: auto; }
.view > p, .view > h3, .view > ul { margin: 6px 12px; }
ul { padding: 0; list-style: none; }
.bar input, .bar textarea { flex: 1; min-inline-size: 120px; }
.bar input[type="range"] { padding: 0; accent-color: var(--accent); }
textarea { font-family: ui-monospace, monospace; font-size: 12px; resize: vertical; }
[aria-pressed="true"] { border-color: var(--warn); color: var(--warn); }
table { border-collapse: collapse; inline-size: 100%; }
th, td { padding: 3px 12px; text-align: start; vertical-align: top; border-block-end: 1px solid var(--line); }
thead th { position: sticky; inset-block-start: 0; background: var(--surface); color: var(--muted); font-weight: 500; }
td { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere; }
button.plain { padding: 0; border: 0; background: transparent; text-align: start; }
tr[data-kind]:hover { background: var(--raised); }
td.args { max-inline-size: 46vw; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
td.args pre { margin: 0; white-space: pre-wrap; }
tr[data-kind="pending"] td:first-child { color: var(--accent); }
tr[data-kind="conflicted"] td:first-child, tr[data-kind="redacted"] td:first-child { color: var(--warn); }
tr[data-kind="rejected"] td:first-child, tr[data-kind="quarantined"] td:first-child, .bad { color: var(--bad); }
.muted { color: var(--muted); }
.changes { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere; }
.changes [data-kind="added"] { color: var(--good); }
.changes [data-kind="removed"] { color: var(--bad); }
`
