"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { topics, words, documents } = data;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const byId = (id) => document.getElementById(id);
  const state = { topic: 0, lambda: 0.6, word: null, document: null };
  /** What the pointer or the focus is on, in place of what is chosen. */
  const over = { word: null, topic: null };

  // ---------------------------------------------------------------- what the numbers say
  const percent = (share) => {
    const hundredths = 100 * share;
    return `${hundredths.toFixed(hundredths >= 9.95 ? 0 : hundredths >= 0.095 ? 1 : 2)}\u202f%`;
  };
  const count = (number) => number.toLocaleString("en");
  const pairs = (flat) => Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]);
  const tokensOf = (word, topic) => {
    const of = words[word][2];
    for (let at = 0; at < of.length; at += 2) if (of[at] === topic) return of[at + 1];
    return 0;
  };
  const probability = (word, topic) => (tokensOf(word, topic) + data.beta) / (topics[topic].tokens + data.mass);
  /** Sievert and Shirley 2014, section 3.1. */
  const relevance = (word, topic, lambda) => {
    const p = Math.log(probability(word, topic));
    return lambda * p + (1 - lambda) * (p - Math.log(words[word][1] / data.tokens));
  };
  const first = (topic, lambda, most) => {
    const order = topics[topic].words.map((word) => [relevance(word, topic, lambda), word]);
    return order.sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, most).map((of) => of[1]);
  };
  const about = topics.map((_, topic) => first(topic, 0.6, 7).map((word) => words[word][0]));
  const shareOf = (topic) => topics[topic].tokens / Math.max(1, data.tokens);
  const title = (at) => documents[at][0] || `document ${at + 1}`;

  // Hues go around the map, so that topics near each other look alike.
  const hues = topics.map(() => 0);
  topics.map((topic, at) => [Math.atan2(topic.at[1], topic.at[0]), at])
    .sort((a, b) => a[0] - b[0])
    .forEach(([, at], rank) => { hues[at] = Math.round((360 * rank) / topics.length + 20); });

  /** The sizes of the circles: shares of all tokens, of those of a word, or of a document. */
  const sizes = () => {
    const word = over.word ?? state.word;
    const of = topics.map(() => 0);
    if (word !== null) {
      pairs(words[word][2]).forEach(([topic, tokens]) => { of[topic] = tokens / words[word][1]; });
      return { of, all: false, unit: "share of the word", text: `“${words[word][0]}”: its ${count(words[word][1])} tokens by topic` };
    }
    if (state.document !== null) {
      pairs(documents[state.document][3]).forEach(([topic, share]) => { of[topic] = share / 1000; });
      return { of, all: false, unit: "share of the document", text: `${title(state.document)}: its topics` };
    }
    return { of: topics.map((_, topic) => shareOf(topic)), all: true, unit: "share of all tokens", text: "area: share of all tokens" };
  };

  // ---------------------------------------------------------------- building elements: text is only ever text
  const element = (name, properties = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "hue") made.style.setProperty("--hue", value);
      else if (key === "width") made.style.width = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (key === "class") made.className = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };
  const drawn = (name, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const badge = (topic) => element("span", { class: "number-of", hue: hues[topic] }, String(topics[topic].number));

  // ---------------------------------------------------------------- the map
  const box = byId("map");
  const svg = drawn("svg", { "aria-hidden": "true" });
  const circles = topics.map((topic, at) => {
    const circle = drawn("circle", {});
    const number = drawn("text", { class: "number", dy: "0.36em" }, String(topic.number));
    const group = drawn("g", {}, circle, number);
    group.style.setProperty("--hue", hues[at]);
    circle.addEventListener("pointerenter", () => { over.topic = at; drawLabels(); });
    circle.addEventListener("pointerleave", () => { over.topic = null; drawLabels(); });
    return { group, circle, number, x: 0, y: 0, r: 0 };
  });
  const labels = drawn("g", {});
  svg.append(labels);
  // A finger need not hit a small circle.
  svg.addEventListener("click", (event) => {
    const { left, top } = box.getBoundingClientRect();
    const far = circles.map(({ x, y, r }) => Math.hypot(event.clientX - left - x, event.clientY - top - y) - r);
    const inside = [...far.keys()].filter((at) => far[at] <= 0).sort((a, b) => circles[a].r - circles[b].r);
    const nearest = inside[0] ?? far.indexOf(Math.min(...far));
    if (far[nearest] < 18) choose({ topic: nearest });
  });
  box.append(svg);

  const place = () => {
    const { clientWidth: width, clientHeight: height } = box;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const ends = [0, 1].map((axis) => topics.map((topic) => topic.at[axis])).map((of) => [Math.min(...of), Math.max(...of)]);
    const unit = (0.2 * width * height) / Math.PI;
    const most = Math.sqrt(unit * Math.max(...topics.map((_, topic) => shareOf(topic)), 0.01));
    const room = [width - 2 * Math.min(most, 46) - 24, height - 2 * Math.min(most, 46) - 24];
    // One scale for both axes: distances are what the map shows.
    const spans = ends.map(([low, high]) => high - low);
    const scale = Math.min(...[0, 1].map((axis) => (spans[axis] > 0 ? room[axis] / spans[axis] : Infinity)));
    circles.forEach((circle, at) => {
      const [x, y] = [0, 1].map((axis) => (spans[axis] > 0 ? (topics[at].at[axis] - (ends[axis][0] + ends[axis][1]) / 2) * scale : 0));
      Object.assign(circle, { x: width / 2 + x, y: height / 2 - y, unit });
      circle.group.setAttribute("transform", `translate(${circle.x.toFixed(1)} ${circle.y.toFixed(1)})`);
    });
  };

  const drawMap = () => {
    const { of, all, text } = sizes();
    byId("shown").textContent = text;
    byId("clear").hidden = all;
    circles.forEach((circle, at) => {
      // A word or document that one topic has must not cover the map.
      circle.r = of[at] > 0 ? Math.max(3.5, Math.sqrt(circle.unit * of[at] * (all ? 1 : 0.3))) : 2.5;
      circle.circle.setAttribute("r", circle.r.toFixed(1));
      circle.group.setAttribute("class", [at === state.topic ? "chosen" : "", of[at] > 0 ? "" : "none"].join(" "));
      circle.number.style.display = circle.r >= 8.5 ? "" : "none";
    });
    // Large circles lie below small ones.
    const order = [...circles].sort((a, b) => b.r - a.r);
    labels.before(...order.map((circle) => circle.group));
    drawLabels();
  };

  /** Names of topics where there is room, the largest first; always of those that are chosen or pointed at. */
  const drawLabels = () => {
    const { clientWidth: width, clientHeight: height } = box;
    const must = [over.topic, state.topic].filter((topic) => topic !== null);
    const order = [...circles.keys()].sort((a, b) => circles[b].r - circles[a].r || a - b);
    const meet = (one, other) => one[0] < other[2] && one[2] > other[0] && one[1] < other[3] && one[3] > other[1];
    const around = ({ x, y, r }) => [x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y + 0.8 * r];
    const squares = circles.map(around);
    const taken = [];
    labels.replaceChildren();
    for (const at of [...new Set([...must, ...order])]) {
      const { x, y, r } = circles[at];
      const isMust = must.includes(at);
      if (r < 3 && !isMust) continue;
      const name = about[at].slice(0, isMust ? 3 : 2).join(" ");
      const half = (isMust ? 3.7 : 3) * name.length + 3;
      const inside = Math.min(Math.max(x, half), Math.max(half, width - half));
      const places = [[inside, y + r + 12], [inside, y - r - 5], [x + r + half + 1, y + 4], [x - r - half - 1, y + 4]]
        .map(([middle, row]) => [middle, row, [middle - half, row - 10, middle + half, row + 3]])
        .filter(([, , of]) => of[0] >= -4 && of[2] <= width + 4 && of[1] >= 0 && of[3] <= height);
      const isFree = ([, , of]) => !taken.some((other) => meet(of, other)) && !squares.some((other, place) => place !== at && meet(of, other));
      const spot = places.find(isFree) ?? (isMust ? places[0] : undefined);
      if (spot === undefined) continue;
      taken.push(spot[2]);
      labels.append(drawn("text", { class: isMust ? "name chosen" : "name", x: spot[0].toFixed(1), y: spot[1].toFixed(1) }, name));
    }
  };

  /** The nearest topic in the direction of an arrow. */
  const towards = (key) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    const from = circles[state.topic];
    let best = null;
    circles.forEach((to, at) => {
      const [x, y] = [to.x - from.x, to.y - from.y];
      const along = x * dx + y * dy;
      const cost = Math.hypot(x, y) + 2 * Math.abs(x * dy - y * dx);
      if (at !== state.topic && along > 0 && (best === null || cost < best[0])) best = [cost, at];
    });
    return best?.[1];
  };

  // ---------------------------------------------------------------- the list of topics
  const list = byId("topics");
  const rows = topics.map((topic, at) => {
    const bar = element("i");
    const value = element("span");
    const name = element("span", { class: "about" }, about[at].join(" ") || "no tokens");
    const row = element("li", { role: "option", id: `topic-${topic.number}`, hue: hues[at], onclick: () => choose({ topic: at }) },
      badge(at), name, element("span", { class: "share" }, element("span", {}, bar), value));
    return { row, bar, value };
  });
  list.append(...rows.map(({ row }) => row));

  const drawList = () => {
    const { of, unit } = sizes();
    const most = Math.max(...of, 1e-9);
    byId("topics-unit").textContent = unit;
    rows.forEach(({ row, bar, value }, at) => {
      row.setAttribute("aria-selected", at === state.topic);
      bar.style.width = `${((100 * of[at]) / most).toFixed(1)}%`;
      value.textContent = of[at] > 0 ? percent(of[at]) : "–";
    });
    list.setAttribute("aria-activedescendant", rows[state.topic].row.id);
  };
  const reveal = () => {
    const { row } = rows[state.topic];
    if (row.offsetTop < list.scrollTop + list.offsetTop || row.offsetTop + row.offsetHeight > list.scrollTop + list.offsetTop + list.clientHeight) {
      list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
  };

  // ---------------------------------------------------------------- the words of a topic
  const lambda = byId("lambda");
  lambda.step = 1 / data.steps;
  lambda.addEventListener("input", () => choose({ lambda: Number(lambda.value) }));
  let wordRows = new Map();

  const wordRow = (word) => {
    const topic = state.topic;
    const [name, all] = words[word];
    const here = tokensOf(word, topic);
    const value = percent(probability(word, topic));
    const bar = element("span", { class: "bar" }, element("i", { class: "in" }), element("i", { class: "all" }));
    const button = element("button", {
      type: "button", "aria-pressed": word === state.word,
      title: `${count(here)} of its ${count(all)} tokens are here`,
      onclick: () => choose({ word: state.word === word ? null : word }),
      onpointerenter: (event) => { if (event.pointerType === "mouse") point(word); },
      onpointerleave: () => point(null), onfocus: () => point(word), onblur: () => point(null),
    }, element("span", { class: "word" }, name), bar, element("span", { class: "value" }, value));
    return { item: element("li", {}, button), button, bar, here, all };
  };
  const point = (word) => {
    if (over.word === word) return;
    over.word = word;
    drawMap();
    drawList();
  };

  const drawWords = (isNew) => {
    const shown = first(state.topic, state.lambda, data.words_of_topic);
    const apart = state.word !== null && !shown.includes(state.word) ? [state.word] : [];
    const before = new Map([...wordRows].map(([word, { item }]) => [word, item.offsetTop]));
    const now = new Map([...shown, ...apart].map((word) => [word, (!isNew && wordRows.get(word)) || wordRow(word)]));
    const most = Math.max(...[...now.keys()].map((word) => words[word][1]), 1);
    for (const [word, { item, button, bar, here, all }] of now) {
      bar.children[0].style.width = `${(100 * here) / most}%`;
      bar.children[1].style.width = `${(100 * (all - here)) / most}%`;
      button.setAttribute("aria-pressed", word === state.word);
      item.classList.toggle("apart", apart.includes(word));
    }
    const focused = document.activeElement;
    byId("words").replaceChildren(...[...now.values()].map(({ item }) => item));
    if (!shown.length) byId("words").append(element("li", { class: "empty" }, "No token has this topic."));
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
    if (!isNew && !still) {
      for (const [word, { item }] of now) {
        const moved = before.has(word) ? before.get(word) - item.offsetTop : 0;
        if (moved) item.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 250, easing: "ease-out" });
      }
    }
    wordRows = now;
    lambda.value = state.lambda;
    lambda.setAttribute("aria-valuetext", `${state.lambda.toFixed(2)}; 0 favours words that are rare elsewhere, 1 those that are frequent here`);
    byId("lambda-value").textContent = `λ = ${state.lambda.toFixed(2)}`;
  };

  // ---------------------------------------------------------------- its documents
  const documentRow = (at) => {
    const [, opening, tokens, mix] = documents[at];
    const isChosen = at === state.document;
    const share = pairs(mix).find(([topic]) => topic === state.topic)?.[1];
    const stack = element("div", { class: "stack" }, ...pairs(mix).map(([topic, of]) => element("i", { hue: hues[topic], width: `${of / 10}%` })));
    const button = element("button", { type: "button", "aria-expanded": isChosen, onclick: () => choose({ document: isChosen ? null : at }) },
      element("div", { class: "title" }, element("span", {}, title(at)), element("span", {}, share === undefined ? "" : percent(share / 1000))),
      element("div", { class: "opening" }, opening), stack);
    const item = element("li", {}, button);
    if (isChosen) {
      const of = pairs(mix).map(([topic, share]) => element("button", { type: "button", onclick: () => choose({ topic }, true) },
        badge(topic), element("span", {}, about[topic].slice(0, 4).join(" ")), element("span", {}, percent(share / 1000))));
      item.append(element("div", { class: "mix" }, element("p", { class: "quiet small" }, `${count(tokens)} tokens, by topic`), ...of));
    }
    return item;
  };

  const drawDocuments = () => {
    const own = topics[state.topic].documents;
    const apart = state.document !== null && !own.includes(state.document) ? [state.document] : [];
    const made = [...apart, ...own].map(documentRow);
    byId("documents").replaceChildren(...(made.length ? made : [element("li", { class: "empty" }, "No document has this topic.")]));
  };

  const drawTopic = () => {
    const topic = topics[state.topic];
    byId("topic-heading").replaceChildren(badge(state.topic), ` Topic ${topic.number} `, element("span", { class: "quiet small" }, `${percent(shareOf(state.topic))} of all tokens${topic.npmi === null ? "" : `, coherence ${topic.npmi.toFixed(2)}`}`));
    byId("topic-heading").title = topic.npmi === null ? "" : "Coherence: normalized pointwise mutual information of the ten most probable words, from -1 to 1";
    const near = topic.near.map(([other, distance]) => element("button", {
      type: "button", title: `distance ${distance}`, onclick: () => choose({ topic: other }),
    }, badge(other), about[other].slice(0, 2).join(" ")));
    byId("near").replaceChildren(...(near.length ? ["Nearest:", ...near] : []));
  };

  // ---------------------------------------------------------------- what is chosen
  const writeHash = () => {
    const parts = [`topic=${topics[state.topic].number}`, `lambda=${Number(state.lambda.toFixed(2))}`];
    if (state.word !== null) parts.push(`word=${encodeURIComponent(words[state.word][0])}`);
    if (state.document !== null) parts.push(`document=${state.document + 1}`);
    history.replaceState(null, "", `#${parts.join("&")}`);
  };
  const readHash = () => {
    const named = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    const index = (found) => (found >= 0 ? found : null);
    const topic = index(topics.findIndex((of) => String(of.number) === named.get("topic")));
    const asked = named.has("lambda") ? Number(named.get("lambda")) : 0.6;
    const document = Number(named.get("document")) - 1;
    return {
      topic: topic ?? state.topic,
      lambda: asked >= 0 && asked <= 1 ? Math.round(asked * data.steps) / data.steps : 0.6,
      word: named.has("word") ? index(words.findIndex((of) => of[0] === named.get("word"))) : null,
      document: Number.isInteger(document) && documents[document] ? document : null,
    };
  };

  /** `keeps`: whether a chosen document stays where another topic is chosen. */
  const choose = (change, keeps = false) => {
    const isTopic = "topic" in change && change.topic !== state.topic;
    if (isTopic && !keeps && !("document" in change)) change.document = null;
    if ("document" in change && change.document !== null && !("word" in change)) change.word = null;
    if ("word" in change && change.word !== null && !("document" in change)) change.document = null;
    over.word = null;
    Object.assign(state, change);
    draw(isTopic);
    writeHash();
  };
  const draw = (isNew) => {
    drawMap();
    drawList();
    drawTopic();
    drawWords(isNew);
    drawDocuments();
    if (isNew) {
      reveal();
      byId("words").scrollTop = 0;
      byId("documents").scrollTop = 0;
    }
  };
  const step = (by) => choose({ topic: (state.topic + by + topics.length) % topics.length });

  // ---------------------------------------------------------------- search
  const field = byId("search");
  const found = byId("found");
  let at = -1;
  const matches = (text) => {
    const wanted = text.toLowerCase();
    const rank = (name) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 3);
    const ofWords = words.map((of, word) => [rank(of[0].toLowerCase()), -of[1], word]).filter((of) => of[0] < 3)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, 8)
      .map(([, , word]) => ({ name: words[word][0], kind: `word, ${count(words[word][1])} tokens`, change: { word, topic: words[word][2][0] ?? state.topic } }));
    const holds = (of) => of[0].toLowerCase().includes(wanted) || of[1].toLowerCase().includes(wanted);
    const ofDocuments = [];
    for (let document = 0; document < documents.length && ofDocuments.length < 8; document += 1) {
      if (holds(documents[document])) {
        const topic = documents[document][3][0] ?? state.topic;
        ofDocuments.push({ name: title(document), kind: "document", change: { document, topic } });
      }
    }
    const ofTopics = topics.flatMap((of, topic) => (String(of.number) === wanted ? [{ name: `Topic ${of.number}`, kind: "topic", change: { topic } }] : []));
    return [...ofTopics, ...ofWords, ...ofDocuments];
  };
  const close = () => {
    found.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const search = () => {
    const text = field.value.trim();
    close();
    if (!text) return;
    const take = (match) => { field.value = ""; close(); choose(match.change, true); };
    const items = matches(text).map((match, place) => {
      const item = element("li", { role: "option", id: `found-${place}`, "aria-selected": "false" }, element("span", {}, match.name), element("span", {}, match.kind));
      item.addEventListener("pointerdown", (event) => event.preventDefault());
      item.addEventListener("click", () => take(match));
      return item;
    });
    found.replaceChildren(...(items.length ? items : [element("li", { class: "nothing" }, element("span", {}, `Nothing among ${count(words.length)} words and ${count(documents.length)} documents`), "")]));
    found.hidden = false;
    field.setAttribute("aria-expanded", "true");
    if (items.length) mark(0);
  };
  const mark = (next) => {
    const items = [...found.querySelectorAll("[role=option]")];
    if (!items.length) return;
    at = (next + items.length) % items.length;
    items.forEach((item, place) => item.setAttribute("aria-selected", place === at));
    items[at].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", items[at].id);
  };
  field.addEventListener("input", search);
  field.addEventListener("focus", search);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") found.querySelectorAll("[role=option]")[at]?.click();
    else if (event.key === "Escape") { field.value = ""; close(); } else return;
    event.preventDefault();
  });

  // ---------------------------------------------------------------- keys and buttons
  document.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const inList = event.target === list;
    const arrow = event.key.startsWith("Arrow");
    if (event.target === box && arrow) {
      const topic = towards(event.key);
      if (topic !== undefined) choose({ topic });
    } else if (event.key === "ArrowRight" || (inList && event.key === "ArrowDown")) step(1);
    else if (event.key === "ArrowLeft" || (inList && event.key === "ArrowUp")) step(-1);
    else if (inList && event.key === "Home") choose({ topic: 0 });
    else if (inList && event.key === "End") choose({ topic: topics.length - 1 });
    else if (event.key === "/") field.focus();
    else if (event.key === "Escape") choose({ word: null, document: null });
    else return;
    event.preventDefault();
  });
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("clear").addEventListener("click", () => choose({ word: null, document: null }));

  // ---------------------------------------------------------------- the beginning
  const some = topics.length < data.all_topics ? `the largest ${count(topics.length)} of ${count(data.all_topics)}` : count(topics.length);
  byId("summary").textContent = `${some} topics of ${count(data.all_documents)} documents · ${count(data.all_words)} words · ${count(data.tokens)} tokens`;
  byId("map-help").textContent = data.correlation === null ? "" : `Near topics have similar words; distances here and of the words correlate by ${data.correlation.toFixed(2)}.`;
  box.setAttribute("aria-label", "Map of topics: arrow keys go to the next topic in a direction");
  const measure = () => {
    document.documentElement.style.setProperty("--header", `${document.querySelector("header").offsetHeight}px`);
    place();
    drawMap();
  };
  if (topics.length) {
    Object.assign(state, readHash());
    measure();
    draw(true);
    new ResizeObserver(measure).observe(box);
    addEventListener("hashchange", () => { Object.assign(state, readHash()); draw(true); });
  }
})();
