import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { KubernetesDocument } from './render-chart.ts';

/** The content of ConfigMaps or Secrets: by name, then by entry. */
export type Contents = Readonly<Record<string, Readonly<Record<string, string | Buffer>>>>;

export interface MountedPod {
  /** The root of the container's file system, with its volumes in it. */
  readonly root: string;
  /** The container's environment, with paths of volumes as they are in `root`. */
  readonly env: Record<string, string>;
}

/** Does for a pod what the kubelet does: mounts its volumes, in a temporary folder, and makes up its environment. */
export async function mountPod(pod: KubernetesDocument, configMaps: Contents, secrets: Contents): Promise<MountedPod> {
  const root = await mkdtemp(join(tmpdir(), 'headrace-pod-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [container] = pod.containers;
  for (const mount of container.volumeMounts) {
    if (mount.subPath !== undefined) throw new Error(`${mount.mountPath}: a subPath is never updated`);
    const volume = pod.volumes.find((one: { name: string }) => one.name === mount.name);
    const folder = join(root, mount.mountPath);
    await mkdir(folder, { recursive: true });
    if (volume.configMap) await fill(folder, volume.configMap.items, configMaps[volume.configMap.name]);
    if (volume.secret) await fill(folder, volume.secret.items, secrets[volume.secret.secretName]);
  }
  const mounts = container.volumeMounts.map((mount: { mountPath: string }) => mount.mountPath);
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env) {
    const { name: secret, key } = valueFrom?.secretKeyRef ?? {};
    const content = value ?? secrets[secret]?.[key];
    if (content === undefined) throw new Error(`CreateContainerConfigError: no ${key} in the Secret ${secret}`);
    const inVolume = mounts.some((mount: string) => content === mount || String(content).startsWith(`${mount}/`));
    env[name] = inVolume ? join(root, String(content)) : String(content);
  }
  return { root, env };
}

/** Files stand in a dated folder, and all that one sees are links through `..data`, which is exchanged as a whole. */
async function fill(
  folder: string,
  items: readonly { key: string; path: string }[],
  content: Readonly<Record<string, string | Buffer>> | undefined,
): Promise<void> {
  if (content === undefined) throw new Error(`FailedMount: nothing to mount in ${folder}`);
  const dated = '..2026_01_01_00_00_00.000000001';
  for (const { key, path } of items) {
    const bytes = content[key];
    if (bytes === undefined) throw new Error(`FailedMount: no entry ${key} to mount in ${folder}`);
    await mkdir(dirname(join(folder, dated, path)), { recursive: true });
    await writeFile(join(folder, dated, path), bytes);
  }
  await symlink(dated, join(folder, '..data'));
  const shown = new Set(items.map(({ path }) => path.split('/')[0] ?? path));
  for (const name of shown) await symlink(join('..data', name), join(folder, name));
}
