import { expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { postAsAlice, startCaptureRig } from '../../test/harness/capture-rig.ts';

/** Makes one body of another one, as docs/capture.md says. */
function apply(json: object, { at, was, is }: { at: number; was: string; is: string }): string {
  const bytes = Buffer.from(JSON.stringify(json)); // as they were sent here
  const rest = bytes.subarray(at + Buffer.byteLength(was));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(is), rest]).toString();
}

it('writes what the gateway changed in a body, whichever way it goes', async () => {
  const at = (await startFakeBackend([{ content: 'wörld' }])).baseUrl;
  const connector = `[p]\nbase_url = "${at}"\napi_key = "none"\n[p.c]\ninternal = "wörds-internal"\nexternal = "wörds-external"\n`;
  const rig = await startCaptureRig([], { files: { 'external-api-connectors.toml': connector } });
  const got = await postAsAlice(rig, {
    messages: [{ role: 'user', content: '漢字 and much more' }],
    model: 'wörds-internal',
  });
  const [line] = await rig.lines(1);
  const [{ request, answer }] = line.attempts;
  expect(request).toMatchObject({ body_as: 'request', changed: { was: 'in', is: 'ex' } });
  const sent = JSON.stringify(line.request.json);
  expect(apply(line.request.json, request.changed)).toBe(sent.replace('s-internal', 's-external'));
  expect(line.answer).toMatchObject({ body_as: 'answer', changed: { was: 'ex', is: 'in' } });
  expect(apply(answer.json, line.answer.changed)).toBe(got);
});

it('masks a key of which a part is changed and the rest is not', async () => {
  const key = 'model":"m","messages';
  const rig = await startCaptureRig([{}], { backend: `headers: {X-More: '${key}'}` });
  await postAsAlice(rig, '{"model":"a:m","messages":[{"role":"user","content":"hello there"}]}');
  const [line] = await rig.lines(1);
  const { body, ...more } = line.attempts[0].request;
  expect(body).toBe('{"[secret]":[{"role":"user","content":"hello there"}]}');
  expect(more).not.toHaveProperty('changed');
});
