import { describeRejection } from '../policy/model';
import { SKIP_REASONS } from '../policy/select';
import {
  describeCounts,
  entitiesOf,
  lineUrl,
  type Preview,
  stateOf,
  summaryOfAll,
  urlOf,
} from './preview-model';

/**
 * A page for people: coverage by project, and every repository with what is wrong
 * with it. It is whole in one file, loads nothing and sends nothing.
 */
export function renderHtml(preview: Preview): string {
  const { organizations, entities, at } = preview;
  const names = organizations.map(({ organization }) => organization.label);
  const title = `What a refresh finds in ${[...new Set(names)].join(', ')}`;
  const data = {
    failures: organizations.flatMap(({ organization, failure }) =>
      failure
        ? [
            `${organization.label}: ${failure.diagnosis.cause}. ${failure.diagnosis.cure}.`,
          ]
        : [],
    ),
    counts: summaryOfAll(preview),
    // Names of one letter, since there may be ten thousand: organization, project,
    // name, URL, state, why, files with path, entities, rejections and messages.
    repositories: organizations.flatMap(({ organization, repositories }) =>
      repositories.map(each => ({
        o: organization.label,
        p: each.repository.project.name,
        n: each.repository.name,
        u: urlOf(organization, each),
        s: stateOf(each),
        ...(each.skipped && { w: SKIP_REASONS[each.skipped] }),
        ...(each.unknown !== undefined && { w: each.unknown }),
        f: each.files.map(file => ({
          p: file.path,
          u: file.target,
          e: entitiesOf(file),
          r: file.rejections.map(rejection => ({
            m: describeRejection(rejection),
            u: lineUrl(file.target, rejection),
          })),
        })),
      })),
    ),
  };
  // Inside of a script only `<` could end it or begin a comment.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  const when = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p>${escape(`${describeCounts(entities)}, as of ${when} UTC`)}</p>
<div id="failures"></div>
<div id="bar" role="img"></div>
<nav id="states" aria-label="States"></nav>
</header>
<main>
<section aria-label="Projects"><h2>Projects</h2>
<table id="projects"><thead><tr><th>Project</th><th>Coverage</th><th class="n">Repositories</th><th class="n">Broken</th><th class="n">Without</th></tr></thead><tbody></tbody></table>
</section>
<section aria-label="Repositories"><h2>Repositories</h2>
<p class="tools"><input id="search" type="search" placeholder="Search repositories, entities, messages" aria-label="Search"><output id="shown"></output></p>
<div id="list"></div>
<button id="more" type="button" hidden>Show more</button>
</section>
</main>
<script type="application/json" id="data">${json}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5c6670;--line:#dde2e7;--soft:#f4f6f8;--link:#0b5cad;--entities:#2d8a4e;--broken:#c9302c;--none:#d99a1c;--skipped:#a6afb8;--unknown:#7d57c1}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e4e8ec;--dim:#98a2ad;--line:#2c343c;--soft:#1c2229;--link:#6cb2ff;--entities:#3fae69;--broken:#ec6560;--none:#e0ac45;--skipped:#616c77;--unknown:#a585e0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1440px;padding:24px 32px;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,"Segoe UI",Roboto,sans-serif}
h1{font-size:24px;line-height:1.25;margin:0}h2{font-size:17px;margin:0 0 8px}
header>p{margin:4px 0 16px;color:var(--dim)}
#failures p{border-left:4px solid var(--broken);background:var(--soft);padding:8px 12px;margin:0 0 12px}
#bar{display:flex;height:14px;border-radius:7px;overflow:hidden;gap:2px;background:var(--soft)}
.entities{--c:var(--entities)}.broken{--c:var(--broken)}.none{--c:var(--none)}.skipped{--c:var(--skipped)}.unknown{--c:var(--unknown)}
.fill{background:var(--c);min-width:2px}
#states{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0 24px}
button{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:6px 12px;cursor:pointer}
button[aria-pressed=true]{border-color:var(--fg);box-shadow:inset 0 0 0 1px var(--fg)}
#states button b{font-size:18px;margin-right:6px;font-variant-numeric:tabular-nums}
#states button::before,.badge::before{content:"";display:inline-block;width:10px;height:10px;border-radius:50%;background:var(--c,transparent);margin-right:8px}
#states button.all::before{display:none}
main{display:grid;grid-template-columns:minmax(380px,520px) 1fr;gap:40px;align-items:start}
@media(max-width:1000px){main{grid-template-columns:1fr}}
main>section:first-child{position:sticky;top:16px;max-height:calc(100vh - 32px);overflow:auto}
@media(max-width:1000px){main>section:first-child{position:static;max-height:360px}}
table{border-collapse:collapse;width:100%}
th{position:sticky;top:0;background:var(--bg);text-align:left;font-size:13px;font-weight:600;color:var(--dim);padding:4px 8px;border-bottom:1px solid var(--line)}
td{padding:5px 8px;border-bottom:1px solid var(--line)}
.n{text-align:right;font-variant-numeric:tabular-nums}
#projects tbody tr{cursor:pointer}#projects tbody tr:hover,#projects tr[aria-selected=true]{background:var(--soft)}
#projects tr[aria-selected=true] td:first-child{font-weight:600}
#projects td:first-child{overflow-wrap:anywhere}
.meter{display:flex;align-items:center;gap:8px;white-space:nowrap}.meter i{display:block;width:80px;height:8px;border-radius:4px;background:var(--line);overflow:hidden}.meter i i{background:var(--entities);border-radius:0}
.tools{display:flex;gap:12px;align-items:center;margin:0 0 8px}
input{font:inherit;flex:1;min-width:0;padding:8px 12px;border:1px solid var(--line);border-radius:8px;background:var(--bg);color:inherit}
output{color:var(--dim);white-space:nowrap;font-variant-numeric:tabular-nums}
article{padding:9px 4px;border-bottom:1px solid var(--line)}
article>div{display:flex;gap:12px;align-items:baseline}
article a{color:var(--link);text-decoration:none;overflow-wrap:anywhere}article a:hover{text-decoration:underline}
article .name{flex:1;font-weight:500}.name span{color:var(--dim);font-weight:400}
.badge{font-size:13px;color:var(--dim);white-space:nowrap}
.why,.files{margin:2px 0 0;padding:0;color:var(--dim);font-size:14px;list-style:none;overflow-wrap:anywhere}
.files .bad{color:var(--fg);border-left:3px solid var(--broken);padding-left:10px;margin:4px 0}
#more{margin:16px 0}
`;

const SCRIPT = `
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const WORDS = {entities: 'with entities', broken: 'broken', none: 'without a descriptor', skipped: 'skipped', unknown: 'unknown'};
const STATES = Object.keys(WORDS);
const PAGE = 100;
const all = data.repositories;
const number = new Intl.NumberFormat('en-US');
const compare = new Intl.Collator('en', {numeric: true}).compare;
const ORDER = {broken: 0, unknown: 1, none: 2, entities: 3, skipped: 4};
all.sort((a, b) => ORDER[a.s] - ORDER[b.s] || compare(a.p, b.p) || compare(a.n, b.n));
for (const r of all) {
  r.k = [r.o, r.p + '/' + r.n, r.w || '', ...r.f.flatMap(f => [f.p, ...f.e, ...f.r.map(x => x.m)])].join('\\n').toLowerCase();
}
const chosen = {state: '', project: '', text: '', most: PAGE};
function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
function link(url, text) {
  const a = make('a', '', text);
  if (/^https?:/.test(url)) { a.href = url; a.target = '_blank'; a.rel = 'noreferrer noopener'; }
  return a;
}
for (const text of data.failures) document.getElementById('failures').append(make('p', '', text));
const bar = document.getElementById('bar');
bar.setAttribute('aria-label', STATES.map(s => data.counts[s] + ' ' + WORDS[s]).join(', '));
for (const s of STATES) {
  if (!data.counts[s]) continue;
  const part = make('div', 'fill ' + s);
  part.style.flexGrow = data.counts[s];
  part.title = data.counts[s] + ' ' + WORDS[s];
  bar.append(part);
}
const states = document.getElementById('states');
for (const s of ['', ...STATES]) {
  const button = make('button', s || 'all');
  button.type = 'button';
  button.append(make('b', '', number.format(s ? data.counts[s] : all.length)), s ? WORDS[s] : 'repositories');
  button.addEventListener('click', () => { chosen.state = s; show(); });
  button.dataset.state = s;
  states.append(button);
}
const projects = new Map();
for (const r of all) {
  const key = r.o + '\\n' + r.p;
  const p = projects.get(key) || {key, o: r.o, p: r.p, all: 0, entities: 0, broken: 0, none: 0, skipped: 0, unknown: 0};
  p.all += 1;
  p[r.s] += 1;
  projects.set(key, p);
}
const manyOrganizations = new Set(all.map(r => r.o)).size > 1;
const body = document.querySelector('#projects tbody');
const rows = [...projects.values()].sort((a, b) => (b.broken + b.none) - (a.broken + a.none) || compare(a.p, b.p));
for (const p of rows) {
  const row = make('tr');
  row.tabIndex = 0;
  row.dataset.key = p.key;
  const asked = p.all - p.skipped;
  const share = asked ? Math.floor(100 * (p.entities + p.broken) / asked) : 0;
  const cell = make('td');
  const meter = make('span', 'meter');
  const track = make('i');
  const fill = make('i');
  fill.style.width = share + '%';
  track.append(fill);
  meter.append(track, asked ? share + ' %' : '–');
  cell.append(meter);
  row.append(make('td', '', manyOrganizations ? p.o.split('/').pop() + ' / ' + p.p : p.p), cell);
  for (const n of [p.all, p.broken, p.none]) row.append(make('td', 'n', n ? number.format(n) : '–'));
  const choose = () => { chosen.project = chosen.project === p.key ? '' : p.key; show(); };
  row.addEventListener('click', choose);
  row.addEventListener('keydown', event => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); choose(); } });
  body.append(row);
}
function article(r) {
  const box = make('article');
  const head = make('div');
  const name = make('span', 'name');
  name.append(make('span', '', r.p + ' / '), link(r.u, r.n));
  const n = r.f.reduce((sum, f) => sum + f.e.length, 0);
  head.append(name, make('span', 'badge ' + r.s, WORDS[r.s] + (n && r.s === 'entities' ? ': ' + number.format(n) : '')));
  box.append(head);
  if (r.w) box.append(make('p', 'why', r.w));
  const list = make('ul', 'files');
  for (const f of r.f.slice(0, 20)) {
    const item = make('li');
    item.append(link(f.u, f.p));
    if (f.e.length) item.append(': ' + f.e.slice(0, 8).join(', ') + (f.e.length > 8 ? ' and ' + (f.e.length - 8) + ' more' : ''));
    for (const x of f.r) {
      const bad = make('div', 'bad');
      bad.append(link(x.u, x.m));
      item.append(bad);
    }
    list.append(item);
  }
  if (r.f.length > 20) list.append(make('li', '', 'and ' + number.format(r.f.length - 20) + ' more files'));
  if (r.f.length) box.append(list);
  return box;
}
function matching() {
  const words = chosen.text.toLowerCase().split(/\\s+/).filter(Boolean);
  return all.filter(r => (!chosen.state || r.s === chosen.state) && (!chosen.project || chosen.project === r.o + '\\n' + r.p) && words.every(w => r.k.includes(w)));
}
function show(keep) {
  if (!keep) chosen.most = PAGE;
  const found = matching();
  document.getElementById('list').replaceChildren(...found.slice(0, chosen.most).map(article));
  if (!found.length) document.getElementById('list').append(make('p', 'why', 'Nothing matches.'));
  document.getElementById('shown').textContent = number.format(found.length) + ' of ' + number.format(all.length);
  document.getElementById('more').hidden = found.length <= chosen.most;
  for (const b of states.children) b.setAttribute('aria-pressed', String(b.dataset.state === chosen.state));
  for (const row of body.children) row.setAttribute('aria-selected', String(row.dataset.key === chosen.project));
}
document.getElementById('search').addEventListener('input', event => { chosen.text = event.target.value; show(); });
document.getElementById('more').addEventListener('click', () => { chosen.most += 10 * PAGE; show(true); });
show();
`;
