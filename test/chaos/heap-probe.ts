// Loaded into the gateway's process before its own code: on SIGUSR2 it collects garbage and says what is left.
import { writeSync } from 'node:fs';

const outlet = 3;

process.on('SIGUSR2', () => {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('this needs --expose-gc');
  gc();
  setTimeout(() => {
    gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    writeSync(outlet, `${JSON.stringify({ heapUsed, external, rss })}\n`);
  }, 50);
});
