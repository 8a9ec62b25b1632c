import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { failure, modelYaml, startRig } from './rig.ts';

const oddAnswer =
  '{ "choices" : [ {"message":{"content":"\\u0041 \\/ é"},"x":1.0} ],\r\n "big":12345678901234567890 }\n';
const oddStream = [
  ': a comment\n\n',
  'event: x\ndata: {"choices":[{"index":0,"delta":{"content":"\\u0041"}}],"n":1.0}\n\n',
  'data:{"choices":[{"index":0,"delta":{"content":"é"}}]}\r\n\r\n',
  'id: 7\ndata: {"choices":[],\ndata: "x":1}\n\n',
  'data: [DONE]\n\n',
];
const json = { 'content-type': 'application/json; charset=utf-8' };

describe('the answer that a client gets', () => {
  it('has the very bytes of the backend', async () => {
    const { chat } = await startRig({ script: [{ bytes: oddAnswer, headers: json }] });
    const answer = await chat();
    expect([answer.status, answer.text]).toEqual([200, oddAnswer]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(oddAnswer)));
  });

  it.each([undefined, 1, 7])('has the very bytes of a stream, in pieces of %s bytes', async (size) => {
    const chunks = oddStream;
    const { chat } = await startRig({ script: [{ chunks, ...(size !== undefined && { chunk_bytes: size }) }] });
    const answer = await chat({ stream: true });
    expect([answer.status, answer.text, answer.complete]).toEqual([200, oddStream.join(''), true]);
    expect(answer.headers['content-type']).toBe('text/event-stream');
  });

  it('comes event by event, not at the end', async () => {
    const { chat } = await startRig({ script: [{ content: 'a b c', chunk_delay_ms: 60 }] });
    const { pieces } = await chat({ stream: true });
    expect(pieces.length).toBeGreaterThanOrEqual(4);
    expect((pieces.at(-1)?.at ?? 0) - (pieces[0]?.at ?? 0)).toBeGreaterThan(100);
  });

  it('has the backend’s openai-* and x-ratelimit-* headers, and no others of its own', async () => {
    const headers = {
      'openai-processing-ms': '17',
      'openai-model': 'm-2026',
      'x-ratelimit-limit-requests': '99',
      'x-ratelimit-remaining-tokens': '98',
      'set-cookie': ['a=1', 'b=2'],
      server: 'secret-server/1',
      'x-internal': 'yes',
    };
    const { chat } = await startRig({ script: [{ headers }] });
    for (const stream of [false, true]) {
      const answer = await chat({ stream });
      expect(answer.headers).toMatchObject({
        'openai-processing-ms': '17',
        'openai-model': 'm-2026',
        'x-ratelimit-limit-requests': '99',
        'x-ratelimit-remaining-tokens': '98',
      });
      for (const name of ['set-cookie', 'server', 'x-internal']) expect(answer.headers).not.toHaveProperty(name);
    }
  });

  it('has the gateway’s own rates where it limits the model', async () => {
    const headers = { 'x-ratelimit-limit-requests': '99', 'x-ratelimit-limit-tokens': '98' };
    const { chat } = await startRig({ script: [{ headers }], yaml: modelYaml({ requests_per_minute: 5 }) });
    const answer = await chat();
    expect(answer.headers['x-ratelimit-limit-requests']).toBe('5');
    expect(answer.headers['x-ratelimit-limit-tokens']).toBe('98');
  });

  it('is readable where the backend compresses though it was asked not to', async () => {
    const { chat, backend } = await startRig({ script: [{ gzip: true, content: 'packed words' }] });
    const whole = await chat();
    expect(JSON.parse(whole.text).choices[0].message.content).toBe('packed words');
    expect(whole.headers).not.toHaveProperty('content-encoding');
    const stream = await chat({ stream: true });
    expect(stream.text).toContain('packed');
    expect(stream.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(stream.headers).not.toHaveProperty('content-encoding');
    expect(backend.posts()[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each<[string, MockReply]>([
    ['nothing, as 204', { status: 204, text: '' }],
    ['nothing, as 200', { text: '' }],
    ['a page', { text: '<html>Welcome</html>', headers: { 'content-type': 'text/html' } }],
    ['a list', { json: [1, 2] }],
    ['JSON that is cut off', { bytes: '{"choices":[', headers: json }],
  ])('is a 502 where the backend answers %s', async (_what, reply) => {
    const { chat, backend } = await startRig({ script: [reply] });
    const { status, error } = failure(await chat());
    expect([status, error.code, error.type]).toEqual([502, 'upstream_error', 'upstream_error']);
    expect(error.message).toContain(String(reply.status ?? 200));
    expect(error.message).toContain('backend u');
    expect(backend.posts()).toHaveLength(1);
  });
});
