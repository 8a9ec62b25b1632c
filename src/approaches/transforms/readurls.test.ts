import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { parsePlan } from '../plan.ts';
import { bon } from '../solvers/bon.ts';
import { moa } from '../solvers/moa.ts';
import type { Stage } from '../stage.ts';
import { serve, serveText } from '../web/test-pages.ts';
import { readurls } from './readurls.ts';

const stages = [readurls, moa, bon] as unknown as readonly Stage[];

interface Options {
  readonly hosts?: readonly string[];
  readonly plan?: string;
  readonly parameters?: Record<string, unknown>;
}

function start({ hosts = ['127.0.0.1'], plan = 'readurls', parameters = {} }: Options = {}) {
  return startSolving({
    stages,
    plan,
    parameters,
    script: () => ({ content: 'Fine.' }),
    settings: { readUrlsAllowHosts: hosts },
  });
}

const asked = (rig: Awaited<ReturnType<typeof start>>, at = 0): string => rig.sent()[at]?.messages.at(-1).content;

describe('readurls', () => {
  test('shows each page once behind the question, which is kept', async () => {
    const one = await serveText(
      '<title>Owls</title><p>Owls see at <b>night</b>.</p><script>bad()</script>',
      'text/html',
    );
    const other = await serveText('{"n": 7}', 'application/json');
    const question = `Compare http://${one}/a, http://${other}/b and again http://${one}/a please.`;
    const rig = await start();
    const { body } = await rig.solve(question);
    const text = asked(rig);
    expect(text.startsWith(`${question}\n\n`)).toBe(true);
    expect(text.split('Owls see at')).toHaveLength(2);
    expect(text.indexOf('Owls see at')).toBeLessThan(text.indexOf('{"n": 7}'));
    expect(text).not.toContain('bad()');
    expect(body.headrace).toMatchObject({ approach: 'readurls', calls: 1 });
  });

  test('B20: the pages come before the calls of what follows', async () => {
    const page = await serveText('The owl is called Minerva.');
    const rig = await start({ plan: 'readurls&moa' });
    const question = `Who is at http://${page}/?`;
    await rig.solve(question);
    expect(rig.sent().length).toBeGreaterThanOrEqual(3);
    for (const { messages } of rig.sent()) {
      expect(messages[0].content.startsWith(question)).toBe(true);
      expect(messages[0].content.split('Minerva')).toHaveLength(2);
    }
  });

  test('B20: branches and choices of `n` each get the pages, and give a choice each', async () => {
    const page = await serveText('The owl is called Minerva.');
    const both = await start({ plan: 'readurls&bon|moa', parameters: { bon: { candidates: 1 } } });
    const { body } = await both.solve(`Who is at http://${page}/?`);
    expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
    const shown = both.sent().map(({ messages }) => messages[0].content.includes('Minerva'));
    expect(shown.filter((one) => one)).toHaveLength(1);
    const twice = await start();
    const { body: two } = await twice.solve(`Who is at http://${page}/?`, { n: 2 });
    expect(two.choices).toHaveLength(2);
    expect(twice.sent().map(({ n, messages }) => [n, messages[0].content.includes('Minerva')])).toEqual([
      [undefined, true],
      [undefined, true],
    ]);
  });

  test('a question without a URL goes on as it is, and earlier turns are not searched', async () => {
    const rig = await start();
    const messages = [
      { role: 'user', content: 'See http://127.0.0.1:9/' },
      { role: 'assistant', content: 'ok' },
      { role: 'user', content: 'And?' },
    ];
    await rig.solve('', { messages });
    expect(rig.sent()[0]?.messages).toEqual(messages);
  });

  test('what is blocked or fails is named, and the request goes on', async () => {
    let visits = 0;
    const host = await serve((_request, response) => {
      visits += 1;
      response.writeHead(500).end();
    });
    const blocked = await start({ hosts: [] });
    const { status } = await blocked.solve(`Read http://${host}/secret`);
    expect(status).toBe(200);
    expect(visits).toBe(0);
    expect(asked(blocked).split(`http://${host}/secret`)).toHaveLength(3);
    const failing = await start();
    await failing.solve(`Read http://${host}/broken`);
    expect(visits).toBe(1);
    expect(asked(failing).split(`http://${host}/broken`)).toHaveLength(3);
  });

  test('an exception for a host with a port holds for that port only', async () => {
    const [open, closed] = [await serveText('open page'), await serveText('closed page')];
    const rig = await start({ hosts: [open] });
    await rig.solve(`http://${open}/ http://${closed}/`);
    expect(asked(rig)).toContain('open page');
    expect(asked(rig)).not.toContain('closed page');
  });

  test('a slow page is given up after `timeout`', async () => {
    const host = await serve(() => undefined);
    const rig = await start({ parameters: { timeout: 0.1 } });
    await rig.solve(`http://${host}/slow`);
    expect(asked(rig).split('/slow')).toHaveLength(3);
  });

  test('`max_bytes` ends a page, and `max_characters` are shared by all, short ones whole', async () => {
    const long = await serveText('a'.repeat(5000));
    const short = await serveText('b'.repeat(100));
    const cut = await start({ parameters: { max_bytes: 50 } });
    await cut.solve(`http://${long}/`);
    expect(/a{20,}/.exec(asked(cut))?.[0]).toHaveLength(50);
    const shared = await start({ parameters: { max_characters: 1000 } });
    await shared.solve(`http://${long}/ http://${short}/`);
    expect(/a{20,}/.exec(asked(shared))?.[0]).toHaveLength(900);
    expect(/b{20,}/.exec(asked(shared))?.[0]).toHaveLength(100);
  });

  test('URLs beyond the twentieth are named as not fetched', async () => {
    let visits = 0;
    const host = await serve((_request, response) => {
      visits += 1;
      response.writeHead(200, { 'content-type': 'text/plain' }).end('page');
    });
    const rig = await start();
    const urls = Array.from({ length: 22 }, (_, at) => `http://${host}/${at}/end`);
    await rig.solve(urls.join(' '));
    expect(visits).toBe(20);
    expect(asked(rig).split('/21/end')).toHaveLength(3);
  });

  test('the deadline of the budget ends the fetching', async () => {
    const host = await serve(() => undefined);
    const rig = await startSolving({
      stages,
      plan: 'readurls',
      script: () => ({ content: 'Fine.' }),
      settings: { readUrlsAllowHosts: ['127.0.0.1'] },
      budget: { deadlineMs: 100 },
    });
    await expect(rig.solve(`http://${host}/`)).rejects.toMatchObject({ status: 504, code: 'upstream_timeout' });
    expect(rig.sent()).toHaveLength(0);
  });

  test.each([
    ['moa&readurls', {}, /readurls/],
    ['bon&moa', {}, /solver/],
    ['none&moa', {}, /none/],
    ['readurls', { allow_hosts: ['127.0.0.1'] }, /allow_hosts/],
    ['readurls', { timeout: 0 }, /timeout/],
    ['readurls', { timeout: 61 }, /timeout/],
    ['readurls', { max_byte: 5 }, /max_bytes/],
    ['readurls&moa', { readurls: { max_characters: 0 } }, /max_characters/],
    ['readurls&moa', { bon: {} }, /bon/],
  ])('%s with %j is refused', (plan, parameters, told) => {
    const known = new Map(stages.map((stage) => [stage.name, stage]));
    expect(() => parsePlan(plan, parameters, known)).toThrow(told);
  });
});
