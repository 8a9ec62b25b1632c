import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });

/**
 * A real server of tools, for tests.
 * @param note called with a line for what it wants to be known
 */
export function createTestTools(note: (line: string) => void): McpServer {
  const server = new McpServer({ name: 'test', version: '1.0.0' });
  const add = z.object({ a: z.number(), b: z.number() });
  server.registerTool('add', { description: 'Adds two numbers.', inputSchema: add }, async ({ a, b }) => {
    note(`add ${a} ${b}`);
    return text(String(a + b));
  });
  const sleep = z.object({ ms: z.number() });
  server.registerTool('sleep', { inputSchema: sleep }, async ({ ms }, { mcpReq: { signal } }) => {
    note('sleep begins');
    signal.addEventListener('abort', () => note('sleep is cancelled'));
    await new Promise((resolve) => setTimeout(resolve, ms));
    return text('slept');
  });
  const waiting: (() => void)[] = [];
  server.registerTool('meet', { inputSchema: z.object({ of: z.number() }) }, async ({ of }) => {
    const met = new Promise<void>((resolve) => waiting.push(resolve));
    if (waiting.length === of) for (const resolve of waiting.splice(0)) resolve();
    await met;
    return text('met');
  });
  server.registerTool('pid', {}, async () => text(String(process.pid)));
  server.registerTool('environment', {}, async () => text(JSON.stringify(process.env)));
  server.registerTool('long', {}, async () => text('x'.repeat(200_000)));
  server.registerTool('huge', {}, async () => text('x'.repeat(11 * 1024 * 1024)));
  server.registerTool('fail', {}, async () => ({ ...text('the disk is full'), isError: true }));
  server.registerTool('die', {}, async () => process.exit(3));
  server.registerTool('picture', {}, async () => ({
    content: [
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'file:///a.txt', text: 'of a file' } },
    ],
  }));
  server.registerTool('child', {}, async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    child.unref();
    return text(String(child.pid));
  });
  server.registerTool('more', {}, async () => {
    server.registerTool('later', {}, async () => text('late'));
    return text('there is one more tool');
  });
  return server;
}

/** Notes go to a file, a line each. */
export function noteIn(file: string | undefined): (line: string) => void {
  return (line) => {
    if (file !== undefined) appendFileSync(file, `${line}\n`);
  };
}
