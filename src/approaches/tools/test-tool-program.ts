// A server of tools that is spoken to by its standard streams. Its notes go to the file NOTES.
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createTestTools, noteIn } from './test-tools.ts';

const note = noteIn(process.env.NOTES);
note(`started ${process.pid}`);
process.stderr.write(`hello, my secret is ${process.env.API_KEY}\n`);
if (process.env.STUBBORN !== undefined) {
  process.on('SIGTERM', () => note('told to end'));
  setInterval(() => undefined, 1000);
}
if (process.env.SLOW !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(process.env.SLOW)));
process.stdout.write('this line is no message\n');
await createTestTools(note).connect(new StdioServerTransport());
