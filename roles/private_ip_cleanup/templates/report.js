// Copyright (c) edgecloud.nic contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

'use strict';
(() => {
  const PRINTED_ROWS = 500;
  // Browsers cannot lay out much more than this; nobody scrolls through it, either.
  const SCROLLED_ROWS = 250_000;
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($('data').textContent);
  const addresses = data.addresses;
  const size = addresses.length;
  const figure = (n) => n.toLocaleString('en');

  // Words for what the report has in codes. A Map, as names from a cloud may be anything, even `constructor`.
  const outcomes = new Map(data.outcomes.map(([key, label, , sign], index) => [key, { key, label, sign, index }]));
  const outcomeOf = (address) => outcomes.get(address.outcome) ?? { key: '', label: String(address.outcome), sign: '', index: 99 };
  const reasons = new Map([['keep', 'The policy keeps it'], ['primary', 'It is the primary address'], ['reassigned', 'This plan removed it, and it was assigned again since'], ['young', 'Not unused for long enough']]);
  const meanings = new Map([['already_absent', 'Gone before this run asked'], ['not_attempted', 'The run ended before its turn']]);
  const restored = new Map([['assigned', 'Put back'], ['already_present', 'Was back already'], ['not_restored', 'Could not be put back']]);
  const kinds = new Map([['eip', 'elastic IP'], ['load_balancer', 'load balancer'], ['dnat', 'DNAT entry'], ['ha_vip', 'HA VIP']]);
  const day = (time) => String(time ?? '').replace('T', ' ').replace('+00:00', ' UTC');
  function why(address) {
    const parts = [];
    if (address.restored) parts.push(restored.get(address.restored) ?? address.restored);
    if (address.run === 'earlier') parts.push('An earlier run removed it');
    if (address.reason) parts.push(reasons.get(address.reason) ?? address.reason);
    if (address.young_until) parts.push(`unused since ${day(address.first_seen) || 'a later run'}, stays until ${day(address.young_until)}`);
    if (address.kind) parts.push(`Used by ${kinds.get(address.kind) ?? address.kind} ${address.id ?? ''}`.trim());
    if (address.uncertain) parts.push(`Perhaps used by ${address.uncertain}`);
    if (address.code) parts.push(address.code);
    if (address.message) parts.push(address.message);
    return parts.join(': ') || (meanings.get(address.outcome) ?? '');
  }
  const nic = (address) => address.network_interface_name || address.network_interface_id || '';

  // --- What is shown: indexes of addresses, sorted and then filtered --------------------------------------------

  // Trouble first: that is what a reader has to act on.
  const urgency = new Map(['failed', 'unknown', 'not_attempted', 'in_use', 'kept', 'already_absent', 'unassigned'].map((key, i) => [key, i]));
  const addressNumber = (text) => String(text).split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const lower = (text) => String(text ?? '').toLowerCase();
  const sortKeys = {
    address: (address) => addressNumber(address.private_ip_address),
    outcome: (address) => urgency.get(address.outcome) ?? -1,
    why: (address) => lower(why(address)),
    nic: (address) => lower(nic(address)),
    region: (address) => lower(address.region_id),
    request: (address) => lower(address.request_id),
  };
  const order = addresses.map((_, i) => i);
  let shown = order;
  let sorted = { by: 'outcome', down: false };

  function sort() {
    const keys = addresses.map(sortKeys[sorted.by]);
    const sign = sorted.down ? -1 : 1;
    const empty = (key) => key === '' || Number.isNaN(key);
    order.sort((a, b) => {
      const x = keys[a], y = keys[b];
      if (x === y) return a - b;
      if (empty(x) || empty(y)) return empty(x) - empty(y) || a - b; // nothing to compare: last, either way
      return x < y ? -sign : sign;
    });
    for (const button of document.querySelectorAll('[data-column]')) {
      const header = button.closest('th');
      if (button.dataset.column === sorted.by) header.setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending');
      else header.removeAttribute('aria-sort');
    }
  }

  // One lower-case text a row, made at the first search: opening the page does not pay for it.
  let texts;
  function text(address) {
    return [address.private_ip_address, outcomeOf(address).label, address.outcome, why(address), address.reason, address.kind,
      address.network_interface_name, address.network_interface_id, address.region_id, address.request_id,
      address.run, address.uncertain, address.restored].join('\n').toLowerCase();
  }

  function filter() {
    const words = lower($('search').value).split(/\s+/).filter(Boolean);
    const outcomesShown = new Set([...document.querySelectorAll('#outcomes :checked')].map((box) => box.value));
    const region = $('region').selectedIndex ? $('region').value : null;
    if (words.length && !texts) texts = addresses.map(text);
    shown = order.filter((i) =>
      (!outcomesShown.size || outcomesShown.has(addresses[i].outcome))
      && (region === null || (addresses[i].region_id ?? '') === region)
      && words.every((word) => texts[i].includes(word)));
    const all = shown.length === size;
    $('found').textContent = `${all ? '' : `${figure(shown.length)} of `}${figure(size)} ${size === 1 ? 'address' : 'addresses'}`
      + (shown.length > SCROLLED_ROWS ? `; the table holds the first ${figure(SCROLLED_ROWS)}, search to see others` : '');
    $('nothing').hidden = shown.length > 0;
    $('rows').setAttribute('aria-rowcount', shown.length + 1);
    active = 0;
    $('scroller').scrollTop = 0;
    draw();
  }

  // --- The rows in sight ----------------------------------------------------------------------------------------

  let active = 0;
  let rowHeight = 56;
  function element(tag, className, content) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (content !== undefined && content !== null) node.textContent = content;
    return node;
  }
  function outcomeLabel(address) {
    const { key, label, sign } = outcomeOf(address);
    const node = element('span', 'outcome');
    const mark = element('span', `mark o-${key}`, sign);
    mark.setAttribute('aria-hidden', 'true');
    node.append(mark, label);
    return node;
  }
  // The ticked addresses, for `private_ip_cleanup_keep`.
  const ticked = new Set();
  function tickBox(address) {
    const box = element('input');
    box.type = 'checkbox';
    box.tabIndex = -1;
    box.checked = ticked.has(address.private_ip_address);
    box.setAttribute('aria-label', `Keep ${address.private_ip_address}`);
    return box;
  }
  function tick(address) {
    const ip = address.private_ip_address;
    if (!ticked.delete(ip)) ticked.add(ip);
    $('keep').disabled = !ticked.size;
    $('keep').textContent = ticked.size ? `Copy ${figure(ticked.size)} as keep list` : 'Copy as keep list';
    $('kept').hidden = true;
    draw();
  }
  function keepList() {
    const list = [...ticked].sort((a, b) => addressNumber(a) - addressNumber(b));
    return `private_ip_cleanup_keep:\n${list.map((ip) => `  - ${ip}\n`).join('')}`;
  }
  function cells(address) {
    const reason = why(address);
    const split = reason.indexOf(': ');
    const name = address.network_interface_name;
    return [
      ['tick', tickBox(address)],
      ['address', element('span', 'address', address.private_ip_address)],
      ['', outcomeLabel(address)],
      ['why', ...(split < 0 ? [element('span', '', reason)] : [element('span', '', reason.slice(0, split)), element('span', 'quiet', reason.slice(split + 2))])],
      ['nic', ...(name ? [element('span', '', name)] : []), element('code', name ? 'quiet' : '', address.network_interface_id)],
      ['region', element('span', '', address.region_id)],
      ['request', element('code', 'quiet', address.request_id)],
    ];
  }
  function row(position) {
    const node = element('tr', position === active ? 'active' : '');
    node.id = `row-${position}`;
    node.dataset.position = position;
    node.setAttribute('role', 'row');
    node.setAttribute('aria-rowindex', position + 2);
    for (const [name, ...content] of cells(addresses[shown[position]])) {
      const cell = element('td', name);
      cell.setAttribute('role', 'gridcell');
      cell.append(...content);
      node.append(cell);
    }
    return node;
  }
  // Stands for the rows above or below those in sight, so that the scroll bar is right.
  function spacer(rows) {
    const node = element('tr', 'spacer');
    const cell = element('td');
    cell.colSpan = 7;
    cell.style.height = `${rows * rowHeight}px`;
    node.setAttribute('aria-hidden', 'true');
    node.append(cell);
    return node;
  }
  function draw() {
    const scroller = $('scroller');
    const held = Math.min(shown.length, SCROLLED_ROWS);
    const from = Math.max(0, Math.min(held, Math.floor(scroller.scrollTop / rowHeight)) - 8);
    const to = Math.min(held, from + Math.ceil(scroller.clientHeight / rowHeight) + 16);
    const rows = [];
    for (let position = from; position < to; position++) rows.push(row(position));
    $('body').replaceChildren(...(from ? [spacer(from)] : []), ...rows, ...(to < held ? [spacer(held - to)] : []));
    if (active >= from && active < to) $('rows').setAttribute('aria-activedescendant', `row-${active}`);
    else $('rows').removeAttribute('aria-activedescendant');
  }
  // Row height follows from the style, which has another for phones.
  function measure() {
    const first = $('body').querySelector('tr:not(.spacer)');
    if (first) rowHeight = first.getBoundingClientRect().height || rowHeight;
    draw();
  }
  function activate(position) {
    active = Math.max(0, Math.min(position, Math.min(shown.length, SCROLLED_ROWS) - 1));
    const scroller = $('scroller');
    const head = $('rows').tHead.offsetHeight;
    const top = head + active * rowHeight;
    // The sticky header covers the top; on a phone it scrolls away, and a little more room does no harm.
    if (top - head < scroller.scrollTop) scroller.scrollTop = top - head;
    if (top + rowHeight > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + rowHeight - scroller.clientHeight;
    draw();
  }

  function describe(address) {
    $('dialog-title').textContent = address.private_ip_address;
    const facts = [
      ['Outcome', outcomeLabel(address)], ['Why', why(address)], ['Network interface', nic(address)], ['Network interface id', address.network_interface_id],
      ['Region', address.region_id], ['Used by', [kinds.get(address.kind) ?? address.kind, address.id].filter(Boolean).join(' ')], ['Error code', address.code],
      ['Message', address.message], ['Request id', address.request_id], ['Run', address.run],
      ['First seen unused', day(address.first_seen)], ['Unused for', address.unused_hours === undefined ? '' : `${figure(address.unused_hours)} hours`], ['Stays until', day(address.young_until)],
      ['Perhaps used by', address.uncertain], ['Restored', restored.get(address.restored) ?? address.restored],
    ];
    $('dialog-facts').replaceChildren(...facts.flatMap(([name, value]) => {
      if (value === null || value === undefined || value === '') return [];
      const fact = element('dd');
      fact.append(value);
      return [element('dt', '', name), fact];
    }));
    $('dialog').showModal();
  }

  // Paper holds no scroll bar: a plain table of what the filters leave, up to a stated number.
  function prepareToPrint() {
    const table = element('table');
    const head = table.createTHead().insertRow();
    for (const button of document.querySelectorAll('[data-column]')) head.append(element('th', '', button.textContent));
    const body = table.createTBody();
    for (const address of shown.slice(0, PRINTED_ROWS).map((i) => addresses[i])) {
      const line = body.insertRow();
      for (const content of [address.private_ip_address, `${outcomeOf(address).sign} ${outcomeOf(address).label}`, why(address),
        [...new Set([nic(address), address.network_interface_id])].filter(Boolean).join(' · '), address.region_id, address.request_id]) {
        line.append(element('td', '', content));
      }
    }
    const note = shown.length > PRINTED_ROWS ? `The first ${figure(PRINTED_ROWS)} of ${figure(shown.length)} rows` : `All ${figure(shown.length)} rows`;
    const left = shown.length < size ? ` that match the search and filters, of ${figure(size)} in the report` : '';
    $('print').replaceChildren(element('p', 'quiet', `${note}${left}. The complete list is in report.csv.`), table);
    for (const details of document.querySelectorAll('details')) details.open = true;
  }

  // --- Controls -------------------------------------------------------------------------------------------------

  const tally = new Map();
  for (const { outcome } of addresses) tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  for (const { key, label, sign } of outcomes.values()) {
    if (!tally.has(key)) continue;
    const chip = element('label');
    const box = element('input');
    box.type = 'checkbox';
    box.value = key;
    const mark = element('span', `mark o-${key}`, sign);
    mark.setAttribute('aria-hidden', 'true');
    chip.append(box, mark, `${label} `, element('span', 'quiet', figure(tally.get(key))));
    $('outcomes').append(chip);
  }
  for (const region of [...new Set(addresses.map((address) => address.region_id ?? ''))].sort()) {
    $('region').append(new Option(region || 'no region', region));
  }

  $('search').addEventListener('input', filter);
  $('region').addEventListener('change', filter);
  $('outcomes').addEventListener('change', filter);
  $('reset').addEventListener('click', () => {
    $('search').value = '';
    $('region').selectedIndex = 0;
    for (const box of document.querySelectorAll('#outcomes :checked')) box.checked = false;
    filter();
  });
  $('keep').addEventListener('click', async () => {
    $('kept').textContent = keepList();
    $('kept').hidden = false;
    try {
      await navigator.clipboard.writeText(keepList());
      $('keep').textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren($('kept')); // no clipboard here: selected, ready for the reader's own copy
    }
  });
  $('rows').tHead.addEventListener('click', (event) => {
    const by = event.target.closest('[data-column]')?.dataset.column;
    if (!by) return;
    sorted = { by, down: sorted.by === by && !sorted.down };
    sort();
    filter();
  });
  $('scroller').addEventListener('scroll', draw, { passive: true });
  addEventListener('resize', measure);
  $('body').addEventListener('click', (event) => {
    const position = Number(event.target.closest('tr')?.dataset.position ?? NaN);
    if (event.target.closest('.tick') && !Number.isNaN(position)) {
      active = position;
      tick(addresses[shown[position]]);
      return;
    }
    // Whoever marks text to copy it does not want a dialog over it.
    if (Number.isNaN(position) || String(getSelection())) return;
    active = position;
    draw();
    describe(addresses[shown[position]]);
  });
  $('rows').addEventListener('keydown', (event) => {
    if (event.target !== $('rows') || !shown.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor($('scroller').clientHeight / rowHeight) - 1);
    const moves = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: shown.length - 1 };
    if (event.key === 'Enter') describe(addresses[shown[active]]);
    else if (event.key === ' ') tick(addresses[shown[active]]);
    else if (Object.hasOwn(moves, event.key)) activate(moves[event.key]);
    else return;
    event.preventDefault();
  });
  addEventListener('beforeprint', prepareToPrint);
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const source = $(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = 'Copied';
        setTimeout(() => { button.textContent = 'Copy'; }, 2000);
      } catch {
        getSelection().selectAllChildren(source); // no clipboard here: selected, ready for the reader's own copy
      }
    });
  }

  $('table').hidden = false;
  sort();
  filter();
  measure();
  requestAnimationFrame(() => setTimeout(() => performance.mark('usable'))); // the browser test reads it
})();
