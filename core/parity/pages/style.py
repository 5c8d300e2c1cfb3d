"""The look of every page: one column of text, tables that scroll in boxes of their own, light and dark."""

STYLE = """
:root {
  color-scheme: light dark; --paper: #fdfdfc; --ink: #1d2126; --muted: #5c6570; --line: #dcdfe3; --shade: #f3f4f2;
  --bug: #b3261e; --bug-soft: #f9e3e1; --convention: #8a5a00; --convention-soft: #faeccf;
  --chance: #65489c; --chance-soft: #ebe4f6; --right: #2a6a63; --right-soft: #d7ebe7; --link: #1f5c9e;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #16191d; --ink: #e3e6e9; --muted: #9aa4af; --line: #343a42; --shade: #1e2328;
  --bug: #ff9389; --bug-soft: #4a2320; --convention: #f0bd62; --convention-soft: #43330f;
  --chance: #c0a8f0; --chance-soft: #352a4d; --right: #7cc5b9; --right-soft: #1f3f3a; --link: #8dbdf2;
} }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 88rem; margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem) 6rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; font-weight: 600; }
h2 { font-size: 1.15rem; margin: 3rem 0 .75rem; font-weight: 600; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 0 0 .5rem; font-weight: 600; overflow-wrap: anywhere; }
h4 { font-size: .875rem; margin: 1.25rem 0 .25rem; font-weight: 600; color: var(--muted); }
p { margin: .25rem 0 .75rem; max-width: 48rem; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code, pre, .formula { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .8125rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 .75rem; }
.formula { white-space: pre-wrap; padding: .6rem .8rem; background: var(--shade); overflow-wrap: anywhere; }
.facts, .note, figcaption { color: var(--muted); font-size: .875rem; }
.verdict { font-size: 1.15rem; font-weight: 600; margin: 1.25rem 0; }
.contents { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; margin: 0 0 1.5rem; }
.wide { overflow-x: auto; margin: .5rem 0 1rem; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem 1.1rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--muted); font-weight: 500; font-size: .8125rem; }
tbody th { font-weight: 400; }
td.ours, th.ours { font-weight: 600; }
.chip { color: var(--muted); white-space: nowrap; }
.s-bug { color: var(--bug); font-weight: 600; } .s-convention { color: var(--convention); font-weight: 600; }
.s-chance { color: var(--chance); font-weight: 600; } .s-whole { color: var(--bug); }
.s-right { color: var(--right); } .s-exact { color: var(--right); }
.culprit { border-left: 3px solid var(--bug); padding: .1rem 0 .1rem 1rem; margin: 1rem 0 1.5rem; }
.why { border-left: 3px solid var(--convention); padding: .1rem 0 .1rem 1rem; margin: .75rem 0; }
ul.others { padding-left: 1.1rem; font-size: .875rem; overflow-wrap: anywhere; } .others li { margin: .4rem 0; }
summary { cursor: pointer; padding: .25rem 0; }
.bench { display: grid; gap: 1.5rem; } .bench > *, .charts > *, .pictures > * { min-width: 0; }
.graph { position: relative; border: 1px solid var(--line); overflow: auto; max-height: 32rem; }
.graph svg { position: absolute; left: 0; top: 0; }
.graph ol { list-style: none; margin: 0; padding: 0; }
.graph li { height: 30px; }
.graph li a { display: flex; gap: .75rem; align-items: center; height: 30px; padding-right: .75rem; color: inherit;
  text-decoration: none; font-size: .875rem; }
.graph li a:hover { background: var(--shade); } .graph li a:focus-visible { outline-offset: -2px; }
.graph .name { flex: 1 1 0; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.graph .kind { color: var(--muted); } .graph .chip { flex: 0 0 1.6rem; }
.graph .word, .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.edge { fill: none; stroke: var(--muted); stroke-width: 1.5; opacity: .7; }
.f-bug { fill: var(--bug); } .f-convention { fill: var(--convention); } .f-chance { fill: var(--chance); }
.f-right { fill: var(--right); } .f-exact { fill: var(--right); } .f-none { fill: var(--paper); }
.f-whole { fill: var(--bug-soft); } .ring { fill: none; stroke: var(--muted); stroke-width: 1.25; }
.r-bug, .r-whole { stroke: var(--bug); } .cut { stroke: var(--paper); stroke-width: 1.5; }
.panels { border: 1px solid var(--line); } .panels > article { display: none; padding: 1rem 1.25rem; }
.panels > article:target { display: block; scroll-margin-top: 1rem; }
.panels:not(:has(:target)) > .shown { display: block; }
@supports not selector(:has(a)) { .panels > article { display: block; } }
.panels dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .75rem 0;
  font-size: .875rem; }
.panels dt { color: var(--muted); } .panels dd { margin: 0; overflow-wrap: anywhere; }
.pair { display: flex; flex-wrap: wrap; gap: 0 2rem; } .pair figure { margin: 0; max-width: 100%; }
td.worst { background: var(--bug-soft); font-weight: 600; }
.heat { max-height: 44rem; overflow: auto; } .heat thead th { top: 0; background: var(--paper); }
.heat table { font-size: .75rem; border-spacing: 1px; border-collapse: separate; }
.heat td { padding: .1rem .25rem; border: 0; text-align: right; min-width: 1.9rem; color: var(--muted); }
.heat th { padding: .1rem .75rem .1rem 0; border: 0; position: sticky; left: 0; background: var(--paper);
  max-width: 40vw; overflow: hidden; text-overflow: ellipsis; }
.heat thead th { text-align: right; left: auto; z-index: 1; }
.heat thead th:first-child { text-align: left; left: 0; z-index: 2; }
.heat .h1 { background: var(--right-soft); color: var(--ink); }
.heat .h2 { background: var(--convention-soft); color: var(--ink); }
.heat .h3 { background: var(--bug-soft); color: var(--bug); font-weight: 600; }
.charts { display: grid; gap: 1.5rem; margin-bottom: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 30rem)); }
.charts figure, .pictures figure { margin: 0; }
.charts svg { width: 100%; max-width: 30rem; height: auto; display: block; }
.charts text { font-size: 11px; fill: var(--muted); } .key { white-space: nowrap; }
.axis { stroke: var(--line); stroke-width: 1; }
.line { fill: none; stroke: var(--link); stroke-width: 1.6; } .line.broad { stroke-width: 5; opacity: .35; }
.line.other { stroke: var(--ink); stroke-dasharray: 4 3; } .line.warm { stroke: var(--bug); }
.line.warm.other { stroke: var(--convention); }
.envelope { fill: var(--right-soft); stroke: var(--right); stroke-width: 1; }
.pictures { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 44rem)); }
.pictures img { max-width: 100%; height: auto; background: #fff; padding: .5rem; border: 1px solid var(--line); }
@media (min-width: 64rem) {
  .bench { grid-template-columns: minmax(24rem, 9fr) 11fr; align-items: start; }
  .graph, .panels { max-height: 44rem; overflow: auto; }
  .graph .chip { flex-basis: 7.5rem; } .graph .word { position: static; width: auto; height: auto; clip-path: none; }
}
@media print { .graph, .panels { max-height: none; } }
"""
