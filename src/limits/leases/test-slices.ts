import type { LeaseAuthority, SlotReply, SlotReport } from './lease-messages.ts';
import { testWindow, type World } from './test-member.ts';

/** Tells the authority of one key in the name of any member, and gives what it answers. */
function speaker(authority: LeaseAuthority, run: string, key: Pick<SlotReport, 'key' | 'kind' | 'maximum'>) {
  const seqs = new Map<string, number>();
  const nothing = { allotted: 0, used: 0, step: 0, wanted: 0, needed: 0, base: undefined };
  return async (member: string, numbers: Partial<SlotReport>): Promise<SlotReply> => {
    const seq = (seqs.get(member) ?? 0) + 1;
    seqs.set(member, seq);
    const report = { ...key, ...nothing, ...numbers };
    const request = {
      member: `${run}-${member}`,
      seq,
      isLeaving: false,
      epoch: '',
      view: 0,
      remembered: undefined,
      reports: [report],
    };
    return (await authority.sync(request)).slots[0] as SlotReply;
  };
}

/** How much another member gets: when one that holds all and has used some is gone, and when that has left the window. */
export async function sliceAfterDeath({ authority, pass, leaseMs }: World, run: string): Promise<number[]> {
  const say = speaker(authority, run, { key: testWindow.id, kind: 'window', maximum: 200 });
  const beat = async () => {
    // Time passes for the authority only while somebody speaks to it.
    for (let i = 0; i < 12; i++) {
      await pass(leaseMs / 10);
      await say('other', { allotted: 0, used: 0, step: 0, wanted: 0 });
    }
  };
  const { step } = await say('first', { allotted: 0, used: 0, step: 0, wanted: 200 });
  await say('first', { allotted: 200, used: 40, step, wanted: 0 });
  const before = await say('other', { allotted: 0, used: 0, step: 0, wanted: 200 });
  await beat();
  const after = await say('other', { allotted: 0, used: 0, step: 0, wanted: 200 });
  return [before.allotted, after.allotted];
}

/**
 * How much each gets of a budget of 100, of which 30 are stored, when the authority knows nothing: one says at once what
 * of it is stored, and the other, which holds 40 more, says so later.
 */
export async function slicesAfterLoss(authority: LeaseAuthority, run: string): Promise<number[]> {
  const say = speaker(authority, run, { key: 'budget@0', kind: 'period', maximum: 100 });
  const unknown = [await say('late', { allotted: 60, used: 20 }), await say('quick', { allotted: 10, used: 10 })];
  if (unknown.some(({ isUnknown }) => !isUnknown)) throw new Error('the authority knows what it cannot know');
  const first = await say('quick', { base: 30, wanted: 100 });
  const late = await say('late', { allotted: 40, base: 30 });
  const then = await say('quick', { allotted: first.allotted, wanted: 100 });
  return [first.allotted, late.allotted, then.allotted];
}
