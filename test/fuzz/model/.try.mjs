// test/fuzz/model/library.ts
import { join } from "node:path";
import { build } from "esbuild";
var SRC = join('/work/wt/model/test/fuzz/model', "../../../src");
var ENTRY = `
export { counterFor } from './core/counter.ts'
export { writeAnswers } from './core/decide/consent.ts'
export { ensureFingerprint } from './core/log/fingerprint.ts'
export { foldAt } from './helper/preview.ts'
export { send } from './helper/sender.ts'`;
var NODE = `
export const { fs, crypto } = HOST
export const SEP = '/', WINDOWS = false, supported = true
export const os = () => ({ hostname: () => 'host' })
export const hasCode = (error, code) => error?.code === code`;
async function load(host2, changes = {}) {
  const left = new Set(Object.keys(changes));
  const plugin = {
    name: "model",
    setup({ onLoad }) {
      onLoad({ filter: /core\/node\.ts$/ }, () => ({ contents: NODE, loader: "js" }));
      for (const [file, replacements] of Object.entries(changes))
        onLoad({ filter: new RegExp(`src/${file.replaceAll(".", "\\.")}$`) }, async ({ path }) => {
          const { readFile } = await import("node:fs/promises");
          let contents = await readFile(path, "utf8");
          for (const [from, to] of replacements) {
            if (contents.split(from).length !== 2) throw new Error(`not once in ${file}: ${from}`);
            contents = contents.replace(from, () => to);
          }
          left.delete(file);
          return { contents, loader: "ts" };
        });
    }
  };
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: SRC, loader: "ts" },
    ...{ bundle: true, write: false, format: "cjs", platform: "node", target: "node20", logLevel: "silent" },
    define: { "Math.random": "HOST.random", "process.pid": "HOST.pid" },
    plugins: [plugin]
  });
  if (left.size) throw new Error(`never loaded: ${[...left]}`);
  const module = { exports: {} };
  new Function("module", "HOST", outputFiles[0].text)(module, host2);
  return module.exports;
}

// test/fuzz/model/disk.ts
var PAST = 3;
var NOBODY = { text: "", key: 0, synced: 0, born: 0, touched: 0 };
var emptyDisk = keyed({ names: /* @__PURE__ */ new Map(), files: [NOBODY], past: [], key: 0 });
function hash(text, seed = 0) {
  let a = 3735928559 ^ seed;
  let b = 1103547991 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ a >>> 16, 2246822507) ^ Math.imul(b ^ b >>> 13, 3266489909);
  b = Math.imul(b ^ b >>> 16, 2246822507) ^ Math.imul(a ^ a >>> 13, 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
function keyed(disk) {
  const text = (names) => [...names].sort().join();
  const files = disk.files.map(({ key, synced: synced2 }) => `${key}.${synced2}`);
  return { ...disk, key: hash(`${text(disk.names)} ${files} ${disk.past.map(text).join("|")}`) };
}
function isNamed({ names }, ino) {
  for (const one of names.values()) if (one === ino) return true;
  return false;
}
function withNames(disk, names) {
  return keyed({ ...disk, names, past: [disk.names, ...disk.past].slice(0, PAST) });
}
function withNew(disk, path, now2) {
  const ino = disk.files.length;
  const file = { ...NOBODY, born: now2, touched: now2 };
  const names = new Map(disk.names).set(path, ino);
  return [withNames({ ...disk, files: [...disk.files, file] }, names), ino];
}
function withText(disk, ino, text, now2) {
  const file = disk.files[ino];
  const key = text.startsWith(file.text) ? hash(text.slice(file.text.length), file.key) : hash(text);
  return withFile(disk, ino, { ...file, text, key, touched: now2, synced: Math.min(file.synced, text.length) });
}
function withFile(disk, ino, file) {
  return keyed({ ...disk, files: disk.files.with(ino, file) });
}
function synced(disk) {
  return keyed({
    ...disk,
    past: [],
    files: disk.files.map((file) => ({ ...file, synced: file.text.length }))
  });
}
function afterPowerCut(disk, which) {
  const names = disk.past[which % 3 - 1] ?? disk.names;
  const files = disk.files.map((file, ino) => {
    const rest = file.text.slice(file.synced);
    const record = Math.max(0, rest.indexOf("\n", 1));
    const kinds = ["", rest, rest.slice(0, record), rest.slice(0, rest.length / 2), "\0".repeat(rest.length)];
    const text = file.text.slice(0, file.synced) + kinds[(which + ino * 3) % 5];
    return { ...file, text, key: hash(text), synced: text.length };
  });
  return keyed({ names, files, past: [], key: 0 });
}

// test/fuzz/model/process.ts
var STOPPED = Object.assign(new Error("stopped"), { code: "ESTOPPED" });
var run;
function goOn(process2, program, around) {
  const told = [...process2?.told ?? []];
  const before = told.length;
  run = {
    ...{ disk: around.disk, now: around.now, id: around.id, free: around.free ?? false },
    ...{ told, position: 0, fate: { ...around.fate }, due: process2 !== void 0, fresh: false },
    ...{ held: void 0, stopped: false, written: [], descriptors: /* @__PURE__ */ new Map(), randoms: 0 }
  };
  try {
    program();
  } catch (error) {
    if (!run.stopped && !isExpected(error)) throw error;
  }
  const { held, disk, written } = run;
  const results = told.slice(before).map(({ value, code }) => code ?? JSON.stringify(value));
  const key = held ? hash(`${results}${held.name}`, process2?.key ?? around.id + 1) : 0;
  return { process: { told: held ? told : [], key, held }, disk, written };
}
function isExpected(error) {
  const { code, message } = error;
  return code !== void 0 || /the disk is full|disabled just now|cannot be stored|does not stay|not a regular file/.test(message);
}
function call(name, args, perform, changes = false) {
  if (run.stopped) throw STOPPED;
  const known = run.told[run.position];
  if (known) {
    run.position++;
    return valueOf(known);
  }
  if (changes && !run.due && !run.free && (!run.fresh || changes === "step")) {
    run.held = { name, args };
    run.stopped = true;
    throw STOPPED;
  }
  if (changes) {
    run.due = false;
    run.fresh = true;
  } else if (name !== "now") run.fresh = false;
  let result;
  try {
    result = { value: perform(run.fate) };
  } catch (error) {
    const { code } = error;
    if (code === void 0) throw error;
    result = { code };
  }
  run.told.push(result);
  run.position++;
  return valueOf(result);
}
function valueOf({ value, code }) {
  if (code !== void 0) fail(code);
  return value;
}
function fail(code) {
  throw Object.assign(new Error(code), { code });
}
var now = () => call("now", [], () => run.now);
function step(step2) {
  return call(
    step2.do,
    [step2],
    ({ answer }) => {
      if (step2.do === "sync") for (const fd of step2.fds) sync(fd);
      return answer;
    },
    "step"
  );
}
function trouble() {
  const { trouble: trouble2 } = run.fate;
  run.fate = {};
  if (trouble2 === "EIO") fail("EIO");
  return trouble2;
}
function sync(fd) {
  trouble();
  const { ino } = run.descriptors.get(fd);
  const file = run.disk.files[ino];
  run.disk = withFile(run.disk, ino, { ...file, synced: file.text.length });
}
var constants = { O_RDONLY: 0, O_RDWR: 2, O_CREAT: 64, O_NONBLOCK: 2048, O_APPEND: 1024, O_NOFOLLOW: 131072 };
function statsOf(disk, ino) {
  const { text, born, touched } = disk.files[ino];
  return { ino, size: text.length, born, touched, links: isNamed(disk, ino) ? 1 : 0 };
}
function toStats(value) {
  if (!value) return void 0;
  const { ino, size, born, touched, links } = value;
  const times = { birthtimeMs: born, ctimeMs: touched + 1, mtimeMs: touched };
  return { ino, size, nlink: links, isFile: () => true, isDirectory: () => false, ...times };
}
function stat(name, path, options) {
  const value = call(name, [path], () => {
    const ino = run.disk.names.get(path);
    if (ino === void 0 && options?.throwIfNoEntry !== false) fail("ENOENT");
    return ino === void 0 ? 0 : statsOf(run.disk, ino);
  });
  return toStats(value);
}
var fs = {
  constants,
  openSync(path, flags) {
    const isNew = flags === "wx";
    const creates = isNew || flags & constants.O_CREAT && !run.disk.names.has(path);
    const ino = call(
      "open",
      [path],
      () => {
        const found = run.disk.names.get(path);
        if (found !== void 0) return isNew ? fail("EEXIST") : found;
        if (!isNew && !(flags & constants.O_CREAT)) fail("ENOENT");
        const [disk, made] = withNew(run.disk, path, run.now);
        run.disk = disk;
        return made;
      },
      Boolean(creates)
    );
    const fd = 10 + run.position;
    run.descriptors.set(fd, { ino, append: !isNew });
    return fd;
  },
  closeSync(fd) {
    run.descriptors.delete(fd);
  },
  fstatSync(fd) {
    const { ino } = run.descriptors.get(fd);
    return toStats(call("fstat", [], () => statsOf(run.disk, ino)));
  },
  statSync: (path, options) => stat("stat", path, options),
  lstatSync: (path, options) => stat("lstat", path, options),
  readSync(fd, to, at, length, from) {
    const { ino } = run.descriptors.get(fd);
    const text = call("read", [], () => run.disk.files[ino].text.slice(from, from + length));
    return to.write(text, at, "latin1");
  },
  writeSync(fd, data) {
    const text = typeof data === "string" ? data : data.toString("latin1");
    const { ino } = run.descriptors.get(fd);
    return call(
      "write",
      [text, ino],
      () => {
        const part = trouble() === "torn" ? text.slice(0, Math.floor(text.length * 0.6)) : text;
        run.disk = withText(run.disk, ino, run.disk.files[ino].text + part, run.now);
        if (part === text) run.written.push(text);
        return part.length;
      },
      true
    );
  },
  fsyncSync: (fd) => void call("sync", [], () => sync(fd), true),
  fdatasyncSync: (fd) => void call("sync", [], () => sync(fd), true),
  renameSync: (from, to) => void call(
    "rename",
    [from, to],
    () => {
      const names = new Map(run.disk.names);
      const ino = names.get(from) ?? fail("ENOENT");
      names.delete(from);
      run.disk = withNames(run.disk, names.set(to, ino));
    },
    true
  ),
  linkSync: (from, to) => void call(
    "link",
    [from, to],
    () => {
      const ino = run.disk.names.get(from) ?? fail("ENOENT");
      if (run.disk.names.has(to)) fail("EEXIST");
      run.disk = withNames(run.disk, new Map(run.disk.names).set(to, ino));
    },
    true
  ),
  rmSync: (path) => void call(
    "rm",
    [path],
    () => {
      const names = new Map(run.disk.names);
      if (names.delete(path)) run.disk = withNames(run.disk, names);
    },
    run.disk.names.has(path)
  ),
  mkdirSync() {
  },
  readdirSync: (path) => call(
    "readdir",
    [path],
    () => [...run.disk.names.keys()].filter((name) => name.startsWith(`${path}/`) && !name.includes("/", path.length + 1)).map((name) => name.slice(path.length + 1))
  )
};
function random() {
  run.randoms++;
  return ((run.id + 1) * 0.0173 + run.randoms * 331e-6) % 1;
}
var digits = (count) => {
  let text = "";
  while (text.length < count) text += Math.floor(random() * 16 ** 6).toString(16);
  return text.slice(0, count);
};
var host = {
  fs,
  crypto: () => ({
    randomUUID: () => digits(32),
    randomBytes: () => digits(8),
    createHash: () => {
      const made = { update: () => made, digest: () => digits(64) };
      return made;
    }
  }),
  random,
  pid: 1
};

// src/core/version.ts
var WRITTEN = Date.UTC(2026, 10, 27);

// test/fuzz/model/consumers.ts
function consume(arrivals) {
  let whole = /* @__PURE__ */ new Map();
  const each = /* @__PURE__ */ new Map();
  const all = /* @__PURE__ */ new Map();
  const delta = /* @__PURE__ */ new Map();
  const oldDelta = /* @__PURE__ */ new Map();
  const last = /* @__PURE__ */ new Map();
  for (const { points } of arrivals) {
    put(each, points);
    const copy = new Map([...whole].map(([key, samples]) => [key, [...samples]]));
    if (put(copy, points)) whole = copy;
    for (const { key, time, value } of points) {
      if (!all.has(key)) all.set(key, /* @__PURE__ */ new Map());
      all.get(key).set(time, value);
      const before = last.get(key);
      last.set(key, value);
      add(delta, key, before === void 0 ? value : Math.max(0, value - before));
      add(oldDelta, key, before === void 0 || value < before ? value : value - before);
    }
  }
  const names = new Map(arrivals.flatMap(({ points }) => points.map(({ key, series }) => [key, series])));
  const sums = (byKey) => {
    const sum = /* @__PURE__ */ new Map();
    for (const [key, value] of byKey) add(sum, names.get(key), value);
    return sum;
  };
  const grown = (samples) => sums([...samples].map(([key, list]) => [key, grew(list)]));
  const sorted = new Map(
    [...all].map(([key, values]) => [
      key,
      [...values].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value }))
    ])
  );
  const max = [...all].map(([key, values]) => [key, Math.max(...values.values())]);
  return {
    ...{ whole: grown(whole), each: grown(each), window: grown(sorted), max: sums(max) },
    ...{ delta: sums(delta), oldDelta: sums(oldDelta) }
  };
}
function add(sums, key, value) {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
function put(samples, points) {
  let inOrder = true;
  for (const { key, time, value } of points) {
    const list = samples.get(key) ?? [];
    samples.set(key, list);
    const last = list.at(-1);
    if (!last || time > last.time) list.push({ time, value });
    else if (time < last.time || value !== last.value) inOrder = false;
  }
  return inOrder;
}
function grew(samples) {
  let sum = 0;
  for (const [i, { value }] of samples.entries()) {
    const before = samples[i - 1]?.value;
    if (before !== void 0) sum += value < before ? value : value - before;
  }
  return sum;
}

// test/fuzz/model/parts.ts
function partsOf(body) {
  return JSON.parse(body).resourceMetrics.map(
    ({ resource, scopeMetrics }) => {
      const attributes = new Map(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
      const id = attributes.get("service.instance.id");
      const points = scopeMetrics[0].metrics.flatMap(
        ({ sum }) => sum.dataPoints.map((point) => {
          const series = point.attributes[0].value.stringValue;
          const time = Number(point.timeUnixNano.slice(0, -6));
          return { key: `${series} ${id}`, series, time, value: Number(point.asInt) };
        })
      );
      return { id, fingerprint: attributes.get("user.fingerprint"), points };
    }
  );
}

// test/fuzz/model/model.ts
var Counterexample = class extends Error {
};
var HOME = "/s";
var COPY = "/c";
var FIRST = "http://e";
var CLOCK = WRITTEN + 100 * 864e5;
var LIFE_MS = 3e3;
var TIMEOUT_MS = LIFE_MS - 1e3;
var Model = class {
  library;
  scenario;
  /** What was found out once is not found out again. */
  parts = /* @__PURE__ */ new Map();
  healthy = /* @__PURE__ */ new Map();
  ends = /* @__PURE__ */ new Set();
  points = /* @__PURE__ */ new Map();
  /** How many ends were checked, and of how many it was certain that nothing may be missing. */
  checked = { ends: 0, exact: 0 };
  constructor(library2, scenario) {
    this.library = library2;
    this.scenario = scenario;
  }
  initial() {
    const { before = [], commands, budget = {}, prepare = (disk2) => disk2, disable } = this.scenario;
    let disk = withFingerprint(emptyDisk, HOME, "f".repeat(64));
    const marked = {};
    for (const [index, command] of before.entries()) {
      const program = () => this.count(command, index);
      const at = CLOCK - (command.ago ?? 6e4);
      disk = goOn(void 0, program, { disk, now: at, id: 100 + index, free: true }).disk;
      const name = nameOf(command);
      marked[name] = (marked[name] ?? 0) + 1;
    }
    const fresh = { process: void 0, phase: "new", claimed: void 0, seen: 0, posts: 0 };
    return {
      ...{ disk: synced(prepare(disk)), clock: CLOCK, marked, budget, ticks: 0, cutClaim: false },
      ...{ runners: [...commands, ...disable ? [commands[0]] : []].map(() => fresh) },
      ...{ messages: [], arrivals: [] }
    };
  }
  /** All that makes a state another one. */
  keyOf({ disk, clock, runners, messages, arrivals, marked, budget, ticks }) {
    const running = runners.map(({ phase, process: process2, seen }) => [phase[0], process2?.key, seen]);
    const sent = messages.map(({ by, body, state }) => [by, hash(body), state]);
    return hash(
      JSON.stringify([disk.key, clock, running, sent, arrivals, Object.values(marked), budget, ticks])
    );
  }
  *next(state) {
    const { runners, messages, budget, ticks, clock, disk } = state;
    const { commands, ticks: times = [], tries = 1 } = this.scenario;
    for (const [index, runner] of runners.entries()) {
      const who = index === commands.length ? "disable" : `P${index}`;
      const { phase, process: process2, seen } = runner;
      if (phase === "new") {
        const same = (other) => JSON.stringify(other) === JSON.stringify(commands[index]);
        const first2 = commands.findIndex((other, at) => same(other) && runners[at].phase === "new");
        if (index < commands.length && first2 !== index) continue;
        yield this.act(state, index, `${who} begins`);
      }
      if (phase !== "running") continue;
      const { name } = process2.held;
      if (name === "wait") {
        if (seen !== seenAt(state)) yield this.act(state, index, `${who} looks again`);
      } else if (name === "post") {
        const outcomes = [this.isUnderWay(state, index) ? "refused" : "taken"];
        if (budget.unknown) outcomes.push("unknown");
        for (const what of outcomes) yield this.act(state, index, `${who}: ${what}`, { answer: { what, why: "200" } });
      } else yield this.act(state, index, `${who}: ${name}`);
      if (budget.exit && ["pause", "wait", "sync", "post"].includes(name))
        for (const left of name !== "post" ? [false] : this.isUnderWay(state, index) ? [true, false] : [true])
          yield this.act(state, index, `${who} exits`, { answer: { exit: true, left } }, "exit");
      for (const trouble2 of ["EIO", "torn"]) {
        if (!budget[trouble2] || name === "wait") continue;
        const answer = name === "post" ? { what: "taken", why: "200" } : void 0;
        if (name === "post" && this.isUnderWay(state, index)) continue;
        yield this.act(state, index, `${who}: ${name}, then ${trouble2}`, { answer, trouble: trouble2 }, trouble2);
      }
    }
    for (const [index, message] of messages.entries()) {
      if (message.state !== "under way") continue;
      const sender = runners[message.by];
      const inTime = sender.process?.held?.name === "post" && Math.abs(clock - (sender.claimed ?? 0)) < LIFE_MS;
      const stored = { ...message, state: inTime ? "stored" : "late" };
      yield {
        ...{ name: `the server stores that of P${message.by}`, weight: 0.3 },
        then: () => ({
          ...state,
          messages: messages.with(index, stored),
          arrivals: [...state.arrivals, index]
        })
      };
    }
    const spent = (event, changed, name = event) => ({
      ...{ name, weight: event === "cut" ? 0.01 : 0.02 },
      then: () => ({ ...state, ...changed, budget: { ...budget, [event]: budget[event] - 1 } })
    });
    if (ticks < times.length)
      yield {
        ...{ name: `${times[ticks]} ms pass`, weight: 0.05 },
        then: () => ({ ...state, clock: clock + times[ticks], ticks: ticks + 1 })
      };
    const logs = [...disk.names].filter(([name]) => name.startsWith(`${HOME}/v1/`));
    if (budget.clear && logs.length)
      yield spent("clear", { disk: withNames(disk, without(disk, logs)) });
    if (budget.aside)
      for (const [name, ino] of logs.filter(([name2]) => name2.endsWith(".log")).slice(0, 1)) {
        const names = without(disk, [[name]]).set(`${name}~aside${budget.aside}`, ino);
        yield spent("aside", { disk: withNames(disk, names) }, "a command sets it aside");
      }
    if (budget.damage)
      for (const [, ino] of logs.slice(0, 1)) {
        const { text } = disk.files[ino];
        const [record] = /\n[a-z][^\n]* \d{13}(?=\n|$)/.exec(text) ?? [];
        if (record)
          yield spent("damage", { disk: withText(disk, ino, text.replace(record, " ".repeat(record.length)), clock) });
      }
    if (budget.copy) yield spent("copy", { disk: copied(disk, clock) }, "the home is copied");
    if (budget.cut)
      for (let which = 0; which < 15; which++) {
        const cut = afterPowerCut(disk, which);
        if (which && cut.key === disk.key) continue;
        const dead = runners.map((runner) => runner.phase === "new" ? runner : ended(runner));
        const cutClaim = runners.some(({ claimed }) => claimed !== void 0);
        yield spent("cut", { disk: cut, runners: dead, cutClaim }, `a power cut, ${which}`);
      }
  }
  isUnderWay({ messages }, index) {
    return messages.findLast(({ by }) => by === index).state === "under way";
  }
  act(state, index, name, fate = {}, event) {
    const then = () => {
      const { budget } = state;
      const spends = event ?? (name.endsWith(": unknown") ? "unknown" : void 0);
      const next = this.run(state, index, fate);
      return spends ? { ...next, budget: { ...budget, [spends]: budget[spends] - 1 } } : next;
    };
    return { name, weight: event ? 0.02 : 1, then };
  }
  /** One part of one process. */
  run(state, index, fate) {
    const { disk, clock, runners } = state;
    const runner = runners[index];
    const key = `${index} ${runner.process?.key} ${disk.key} ${clock} ${JSON.stringify(fate)}`;
    let part = this.parts.get(key);
    if (!part) {
      if (this.parts.size > 3e5) this.parts.clear();
      part = goOn(runner.process, this.program(index), { disk, now: clock, id: index, fate });
      this.parts.set(key, part);
    }
    const { process: process2, written } = part;
    const { held } = process2;
    const { commands } = this.scenario;
    let { messages, marked } = state;
    let { posts } = runner;
    for (const text of index < commands.length ? written : []) {
      if (!isMark(text)) continue;
      const name = nameOf(commands[index]);
      marked = { ...marked, [name]: (marked[name] ?? 0) + 1 };
    }
    if (runner.process?.held?.name === "post") {
      const answer = fate.answer;
      if (answer?.what === "refused" || answer?.left === false)
        messages = messages.map((one) => one.by === index && one.state === "under way" ? { ...one, state: "gone" } : one);
    }
    if (held?.name === "post") {
      const { url, body } = held.args[0].request;
      messages = [...messages, { by: index, body, url, state: "under way" }];
      posts++;
      this.checkPost(part.disk, body, url);
    }
    const claims = written.some((text) => text.startsWith("\n!send "));
    const claimed = !held || held.name === "wait" ? void 0 : claims ? clock : runner.claimed;
    const changed = {
      ...{ process: held ? process2 : void 0, phase: held ? "running" : "ended", claimed, posts },
      seen: held?.name === "wait" ? seenAt({ disk: part.disk, clock }) : 0
    };
    return { ...state, disk: part.disk, runners: runners.with(index, changed), messages, marked };
  }
  program(index) {
    const { commands } = this.scenario;
    if (index === commands.length) return () => this.disable();
    const command = commands[index];
    return () => {
      const job = this.count(command, index);
      if (command.silent || !job) return;
      step({ do: "pause" });
      this.deliver(job);
    };
  }
  count(command, index) {
    const { endpoint = FIRST, version = "1.0.0", home = HOME, series } = command;
    const options = { name: "trix", version, endpoint, commands: [] };
    const target = { url: endpoint, headers: {}, timeoutMs: TIMEOUT_MS };
    const folders = { config: "", machine: [], state: home, fallback: `${home}-default` };
    const { intervalMs } = this.scenario;
    const counter = this.library.counterFor(
      { ...options, ...intervalMs && { intervalMs } },
      { mode: "on", row: index, folders, target }
    );
    counter.count({ metric: "m", attributes: { k: series } }, now());
    return counter.job();
  }
  deliver(job) {
    let waits = 0;
    const { tries = 1 } = this.scenario;
    const steps = this.library.send(job, { now, isPatient: () => waits < tries });
    let next = steps.next();
    while (!next.done) {
      const { value } = next;
      if (value.do === "wait") waits++;
      let answer;
      try {
        answer = step(value);
      } catch (error) {
        if (error.code !== "EIO") throw error;
        next = steps.throw(error);
        continue;
      }
      const { exit, left } = answer ?? {};
      if (exit) {
        if (value.do === "post") value.request.left = left;
        next = steps.return();
      } else next = steps.next(answer);
    }
  }
  /** As the command does it: first the no, at both places, then all that could be sent. */
  disable() {
    for (const folder of [HOME, `${HOME}-default`])
      this.library.writeAnswers(`${folder}/consent.json`, { no: CLOCK });
    fs.rmSync(`${HOME}/fingerprint`);
    for (const name of fs.readdirSync(`${HOME}/v1`)) fs.rmSync(`${HOME}/v1/${name}`);
  }
  /** What must be true of each request at the moment at which it leaves. */
  checkPost(disk, body, url) {
    if (disk.names.has(`${HOME}/consent.json`)) throw new Counterexample("a request after the user said no");
    for (const { id, fingerprint } of partsOf(body)) {
      const [path, ino] = [...disk.names].find(([, ino2]) => disk.files[ino2].text.includes(`"id":"${id}"`)) ?? [];
      if (!path || !ino) throw new Counterexample("a request with marks that were cleared");
      if (!disk.files[ino].text.includes(`"fingerprint":"${fingerprint}"`)) throw new Counterexample("an id of another log");
      const own = [...disk.names].some(([name, ino2]) => /fingerprint$/.test(name) && disk.files[ino2].text.startsWith(fingerprint));
      if (!own) throw new Counterexample("a fingerprint that had ended");
    }
    if (!url) throw new Counterexample("no endpoint");
  }
  /** Throws a `Counterexample` where a state is not as it must be. `after`: the act that has led to it. */
  check(state) {
    const { disk, clock, arrivals, messages, marked, runners } = state;
    const stored = arrivals.map((index) => this.arrivalOf(messages[index]));
    this.neverMore(stored, marked, "now");
    if (runners.every(({ phase }) => phase === "ended") && this.scenario.disable) checkDisabled(disk);
    const under = messages.filter((one) => one.state === "under way");
    const key = hash(
      JSON.stringify([disk.key, clock, arrivals.map((i) => hash(messages[i].body)), under.map(({ body }) => hash(body)), marked, state.budget.cut])
    );
    if (this.ends.has(key)) return;
    this.ends.add(key);
    this.checked.ends++;
    this.checkEnd(state, stored, under);
  }
  /** All that run are killed. Later, healthy commands run, and then what was under way arrives after all. */
  checkEnd(state, stored, under) {
    const { disk, clock, messages, budget, runners } = state;
    const { scenario } = this;
    let healthy = this.healthy.get(hash(`${disk.key} ${clock}`));
    if (!healthy) this.healthy.set(hash(`${disk.key} ${clock}`), healthy = this.runHealthy(disk, clock));
    const marked = { ...state.marked };
    for (const command of this.healthyCommands()) marked[nameOf(command)] = (marked[nameOf(command)] ?? 0) + 1;
    const all = [...stored, ...healthy.arrivals];
    const sums = this.neverMore(all, marked, "at the end");
    if (under.length) {
      const late = under.map((message) => ({ ...this.arrivalOf(message), late: true }));
      this.neverMore([...all, ...late], marked, "late");
    }
    const { budget: given = {} } = scenario;
    const happened = (event) => (given[event] ?? 0) !== (budget[event] ?? 0);
    if (scenario.disable || scenario.mayMiss || happened("clear") || happened("damage") || happened("copy")) return;
    const certain = !state.cutClaim && !runners.some(({ claimed }) => claimed !== void 0) && !happened("unknown") && !happened("exit") && !happened("EIO") && !happened("torn") && state.ticks === 0 && !messages.some(({ state: state2 }) => state2 === "late");
    if (certain) this.checked.exact++;
    for (const [name, all2] of Object.entries(marked)) {
      if (!name.startsWith(FIRST)) continue;
      const count = happened("cut") ? healthy.left.get(name) ?? 0 : all2;
      for (const [consumer, byName] of Object.entries(sums))
        if ((certain || consumer === "max") && !((byName.get(name) ?? 0) >= count))
          throw new Counterexample(`${consumer}: only ${byName.get(name)} of ${count} ${name} at the end`);
    }
  }
  healthyCommands() {
    const homes = new Set(this.scenario.commands.map(({ home = HOME }) => home));
    return [...homes].flatMap((home) => ["x", "y"].map((series) => ({ series, home })));
  }
  /** Commands in whose way nothing is: what they deliver, and what the logs hold then. */
  runHealthy(disk, clock) {
    const arrivals = [];
    let now2 = clock + (this.scenario.later ?? 6e5);
    for (const [index, command] of this.healthyCommands().entries()) {
      const program = () => {
        const job = this.count(command, index);
        if (!job) return;
        const steps = this.library.send({ ...job, anyway: true }, { now: () => now2, isPatient: () => false });
        for (let next = steps.next(); !next.done; ) {
          const { value } = next;
          if (value.do === "post") arrivals.push(this.arrivalOf({ ...value.request, by: 0, state: "stored" }));
          else step(value);
          next = steps.next({ what: "taken", why: "200" });
        }
      };
      ({ disk } = goOn(void 0, program, { disk, now: now2, id: 90 + index, free: true }));
      now2 += 1e3;
    }
    const left = /* @__PURE__ */ new Map();
    const read = () => {
      for (const log of disk.names.keys()) {
        if (!log.startsWith(`${HOME}/v1/`)) continue;
        const { head, series } = this.library.foldAt(log);
        for (const [text, { value }] of head ? series : []) {
          const name = `${FIRST} ${text.slice(-1)}`;
          left.set(name, (left.get(name) ?? 0) + value);
        }
      }
    };
    goOn(void 0, read, { disk, now: now2, id: 99, free: true });
    return { arrivals, left };
  }
  neverMore(arrivals, marked, when) {
    const sums = consume(arrivals);
    const late = arrivals.some((one) => one.late);
    for (const [consumer, byName] of Object.entries(sums)) {
      if (late && /delta/i.test(consumer)) continue;
      for (const [name, sum] of byName)
        if (sum > (marked[name] ?? 0))
          throw new Counterexample(`${consumer}, ${when}: ${sum} of ${marked[name] ?? 0} ${name}`);
    }
    return sums;
  }
  arrivalOf({ body, url, state }) {
    const key = `${url} ${body}`;
    let points = this.points.get(key);
    if (!points) this.points.set(key, points = partsOf(body).flatMap((part) => part.points.map((point) => ({ ...point, series: `${url} ${point.series}` }))));
    return { points, late: state === "late" };
  }
};
var nameOf = ({ endpoint = FIRST, series }) => `${endpoint} ${series}`;
var ended = (runner) => ({ ...runner, process: void 0, phase: "ended", claimed: void 0, seen: 0 });
var seenAt = ({ disk, clock }) => hash(`${disk.key} ${clock}`);
function isMark(text) {
  return /^\n(\{.*\n)?[a-z][^\n]* \d{13}$/.test(text);
}
function withFingerprint(disk, home, fingerprint) {
  const path = `${home}/fingerprint`;
  const [made, ino] = withNew(withNames(disk, without(disk, [[path]])), path, CLOCK);
  return withText(made, ino, `${fingerprint} ${CLOCK - 1e3} ${ino} ${CLOCK}
`, CLOCK);
}
function without({ names }, gone) {
  const left = new Map(names);
  for (const [name] of gone) left.delete(name);
  return left;
}
function copied(disk, clock) {
  let copy = disk;
  for (const [name, ino] of disk.names) {
    if (!name.startsWith(`${HOME}/`)) continue;
    const [made, inode] = withNew(copy, `${COPY}${name.slice(HOME.length)}`, clock);
    copy = withText(made, inode, disk.files[ino].text, clock);
  }
  return copy;
}
function checkDisabled({ names }) {
  for (const name of names.keys())
    if (/fingerprint|\.log/.test(name)) throw new Counterexample(`left after the user said no: ${name}`);
}

// test/fuzz/model/explore.ts
function explore(model, limit2 = Number.POSITIVE_INFINITY) {
  const seen = /* @__PURE__ */ new Set();
  const start = model.initial();
  const stack = [{ name: "start", acts: model.next(start) }];
  const result = (whole, counterexample) => ({
    ...{ states: seen.size, ...model.checked, whole },
    ...counterexample && { counterexample }
  });
  while (stack.length) {
    const { value: act, done } = stack.at(-1).acts.next();
    if (done) {
      stack.pop();
      continue;
    }
    try {
      const state = act.then();
      const key = model.keyOf(state);
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > limit2) return result(false);
      model.check(state);
      stack.push({ name: act.name, acts: model.next(state) });
    } catch (error) {
      if (!(error instanceof Counterexample)) throw error;
      const names = [...stack.map(({ name }) => name), act.name];
      return result(false, `${names.join("\n  ")}
${error.message}`);
    }
  }
  return result(true);
}

// test/fuzz/model/scenarios.ts
var x = { series: "x" };
var y = { series: "y" };
var OTHER = "http://f";
var old = { series: "x", version: "0.9.0", ago: 9e8 };
var first = {
  "two first commands": { commands: [x, x], budget: { unknown: 2 }, tries: 2 },
  "two, series with marks": { before: [x, x], commands: [x, y], budget: { unknown: 2 }, tries: 2 },
  "two, time passes": { before: [x], commands: [x, x], budget: { unknown: 1 }, ticks: [4e3] },
  "two, long and back": {
    before: [x],
    commands: [x, x],
    budget: { unknown: 1 },
    ticks: [7e4, -36e5],
    later: 72e5
  },
  "two and a power cut": { before: [x], commands: [x, x], budget: { unknown: 1, cut: 1 } },
  "two, torn, EIO": { before: [x], commands: [x, x], budget: { unknown: 1, torn: 1, EIO: 1 } },
  "two, clear": { before: [x], commands: [x, x], budget: { unknown: 1, clear: 1 } },
  "two, set aside twice": { before: [x], commands: [x, x], budget: { unknown: 1, aside: 2 } },
  "two, an older log": { before: [old, old, x], commands: [x, x], budget: { unknown: 1 } },
  "two endpoints, an older log": {
    before: [old, old],
    commands: [x, { ...x, endpoint: OTHER }],
    budget: { unknown: 1 }
  },
  three: { commands: [x, x, x], budget: { unknown: 1 } },
  "three and a marker, time": {
    before: [x],
    commands: [x, x, { ...x, silent: true }],
    budget: { unknown: 1 },
    ticks: [4e3]
  }
};
var OFTEN = { "helper/reader.ts": [["2 ** 18", "300"]] };
var more = {
  "three on two begun series": {
    before: [x, y],
    commands: [x, y, { ...x, silent: true }],
    budget: { unknown: 1 },
    ticks: [4e3]
  },
  "an upgrade": {
    before: [old, { ...old, series: "y" }],
    commands: [x, { series: "x", version: "0.9.0" }],
    budget: { unknown: 1, aside: 1 }
  },
  "an upgrade and a power cut": {
    before: [old],
    commands: [x, { series: "x", version: "0.9.0" }],
    budget: { unknown: 1, cut: 1 }
  },
  "a copied home": {
    before: [x],
    commands: [x, { ...x, home: COPY }],
    budget: { unknown: 1, copy: 1 }
  },
  "damage": { before: [x, x], commands: [x, x], budget: { unknown: 1, damage: 1 } },
  "exit": { before: [x], commands: [x, x], budget: { unknown: 1, exit: 2 } },
  "a power cut when it is all new": { commands: [x, x], budget: { unknown: 1, cut: 1, aside: 1 } },
  "a clear and a set-aside": { before: [x], commands: [x, x], budget: { clear: 1, aside: 1 } },
  "disable": { before: [x], commands: [x, x], disable: true },
  "disable, when it is all new": { commands: [x, x], disable: true, prepare: () => emptyDisk },
  "a fingerprint that ended": {
    before: [x],
    commands: [x, x],
    budget: { unknown: 1 },
    prepare: (disk) => withFingerprint(disk, HOME, "e".repeat(64)),
    mayMiss: true
  },
  "an interval": { before: [x], commands: [x, x, x], ticks: [4e3, 7e4], intervalMs: 6e4 }
};

// test/fuzz/model/try.ts
Error.stackTraceLimit = 0;
var library = await load(host, process.env.OFTEN ? OFTEN : {});
var limit = Number(process.argv[3] ?? 5e4);
for (const [name, sc] of Object.entries(process.env.MORE ? more : first)) {
  if (process.argv[2] && !name.includes(process.argv[2]) && process.argv[2] !== "all") continue;
  const t = Date.now();
  const r = explore(new Model(library, sc), limit);
  console.log(name, JSON.stringify({ ...r, counterexample: void 0 }), Date.now() - t, "ms");
  if (r.counterexample) {
    console.log("  " + r.counterexample);
    if (process.env.DISK) {
      const m = new Model(library, sc);
      let st = m.initial();
      for (const n of r.counterexample.split("\n  ").slice(1)) {
        const a = [...m.next(st)].find((a2) => a2.name === n.split("\n")[0]);
        if (!a) {
          console.log("?", n);
          break;
        }
        ;
        st = a.then();
      }
      ;
      for (const [n, i] of st.disk.names) console.log(n, st.disk.files[i].synced, st.disk.files[i].text.replaceAll("\0", "0"));
    }
  }
}
