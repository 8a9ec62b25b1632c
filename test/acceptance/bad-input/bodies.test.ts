import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectAlive, expectRefused, readEnvelope, startRig } from './refusals.ts';

const paths = ['/v1/chat/completions', '/completions', '/v1/embeddings'];
const messages = '"messages":[{"role":"user","content":"x"}]';

describe('a body that is no JSON object', () => {
  test.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['white space', ' \n\t '],
    ['null', 'null'],
    ['a list', '[{}]'],
    ['a text', '"x"'],
    ['a number', '1'],
    ['a page', '<html></html>'],
    ['a form', 'model=m&messages=x'],
    ['a cut object', `{"model":"m",${messages}`],
    ['a cut text', '{"model":"m'],
    ['a cut escape', '{"model":"m\\u00'],
    ['two objects', `{"model":"m",${messages}}{}`],
    ['a comma at the end', `{"model":"m",${messages},}`],
    ['single quotes', "{'model':'m'}"],
    ['a comment', `{/* x */"model":"m",${messages}}`],
    ['NaN', `{"model":"m","temperature":NaN,${messages}}`],
    ['a leading zero', `{"model":"m","temperature":01,${messages}}`],
    ['a bare line break in a text', `{"model":"m\n",${messages}}`],
    ['a NUL', `{"model":"m\0",${messages}}`],
    ['a byte order mark', `\ufeff{"model":"m",${messages}}`],
    ['UTF-16', Buffer.from(`{"model":"m",${messages}}`, 'utf16le')],
    ['invalid UTF-8', Buffer.from([...Buffer.from('{"model":"'), 0xff, 0xfe, ...Buffer.from(`",${messages}}`)])],
    ['an overlong encoding', Buffer.from([...Buffer.from('{"model":"'), 0xc0, 0xaf, ...Buffer.from(`",${messages}}`)])],
    ['a lone surrogate in UTF-8', Buffer.from([...Buffer.from('{"a":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])],
    ['gzip', Buffer.from('H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA==', 'base64')],
    ['10,000 nested lists', `{"model":"m","messages":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['10,000 nested objects', `{"model":"m","x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)},${messages}}`],
    ['10,000 brackets', '['.repeat(10_000)],
    ['a million brackets in a field', `{"x":${'['.repeat(1_000_000)}`],
  ])('%s: 400 invalid_json', async (_what, body) => {
    const rig = await startRig();
    for (const path of paths) await expectRefused(rig, path, body, { code: 'invalid_json' });
    await expectAlive(rig);
  });

  test('any bytes at all', async () => {
    const rig = await startRig();
    const good = Buffer.from(`{"model":"m","stream":false,"n":1,${messages}}`);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
        const broken = Buffer.from(good);
        broken[at] = byte;
        return broken;
      }),
      fc.nat(good.length - 1).map((end) => good.subarray(0, end)),
    );
    const property = fc.asyncProperty(bytes, async (body) => {
      const answer = await fetch(`${rig.gateway.url}/v1/chat/completions`, { method: 'POST', body: Buffer.from(body) });
      const text = await answer.text();
      expect([200, 400]).toContain(answer.status);
      if (answer.status === 400) readEnvelope(text);
    });
    await fc.assert(property, { numRuns: 300 });
    await expectAlive(rig);
  });
});

describe('a field that stands there twice', () => {
  test.each([
    ['model', `{"model":"a","model":"b",${messages}}`],
    ['model', `{"model":"a","mod\\u0065l":"b",${messages}}`],
    ['model', `{"\\u006dodel":"a",${messages},"\\u006Dodel":"b"}`],
    ['messages', `{"model":"a",${messages},${messages}}`],
    ['stream', `{"model":"a","stream":true,${messages},"stream":false}`],
    ['stream_options', `{"model":"a","stream_options":null,${messages},"stream_options":{}}`],
    ['max_tokens', `{"model":"a","max_tokens":1,${messages},"max_tokens":1}`],
    ['x', `{"model":"a","x":1,${messages},"x":1}`],
    ['', `{"model":"a","":1,${messages},"":1}`],
  ])('%s in %s: refused, since backends differ in which one they take', async (param, body) => {
    const rig = await startRig();
    await expectRefused(rig, '/v1/chat/completions', body, { code: 'invalid_request', param });
  });
});

describe('fields of the wrong type', () => {
  const wrong = { string: ['5', 'true', '[]', '{}', '-0.0'], boolean: ['1', '"true"', '[]', '{}', '0'] };
  const cases: [string, string, string, string][] = [
    ...wrong.string.map(
      (value) => ['/v1/chat/completions', 'model', value, messages] as [string, string, string, string],
    ),
    ...wrong.boolean.map(
      (value) =>
        ['/v1/chat/completions', 'stream', value, `${messages},"model":"m"`] as [string, string, string, string],
    ),
    ...['1', '"x"', 'true', '[]', '[{}]'].map(
      (value) =>
        ['/v1/chat/completions', 'stream_options', value, `${messages},"model":"m","stream":true`] as [
          string,
          string,
          string,
          string,
        ],
    ),
    ...['1', '"x"', 'null', '{}', 'false'].map(
      (value) => ['/v1/chat/completions', 'messages', value, '"model":"m"'] as [string, string, string, string],
    ),
    ...['1', '{}', 'false'].map(
      (value) => ['/v1/completions', 'prompt', value, '"model":"m"'] as [string, string, string, string],
    ),
    ...['1', 'null', '{}', 'true'].map(
      (value) => ['/v1/embeddings', 'input', value, '"model":"m"'] as [string, string, string, string],
    ),
  ];
  test.each(cases)('%s: %s may not be %s', async (path, name, value, others) => {
    const rig = await startRig();
    await expectRefused(rig, path, `{"${name}":${value},${others}}`, { code: 'invalid_request', param: name });
  });

  test.each([
    ['/v1/chat/completions', 'messages'],
    ['/v1/embeddings', 'input'],
  ])('%s without %s', async (path, param) => {
    const rig = await startRig();
    await expectRefused(rig, path, '{"model":"m"}', { code: 'invalid_request', param });
    await expectRefused(rig, path, '{}', { code: 'invalid_request', param });
  });

  test.each(['', '"model":"",', '"model":null,'])(
    'no model (%j) where there is no default: invalid_request',
    async (model) => {
      const rig = await startRig();
      const body = `{${model}${messages}}`;
      await expectRefused(rig, '/v1/chat/completions', body, { code: 'invalid_request', param: 'model' });
    },
  );

  test('a field is not read where it means nothing', async () => {
    const rig = await startRig();
    for (const fields of ['"stream":false,"stream_options":5', '"max_tokens":"many","n":[]', '"stream":null']) {
      const answer = await rig.gateway.post('/v1/chat/completions', `{"model":"m",${fields},${messages}}`);
      expect(answer.status).toBe(200);
    }
  });
});
