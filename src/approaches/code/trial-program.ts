/** What the trial program is told. */
export interface TrialQuestions {
  /** Where a listener of ours waits on the loopback interface. */
  readonly port: number;
  /** A folder that it is not to see. */
  readonly folder: string;
  readonly memoryBytes: number;
}

/** What the trial program has found out. */
export interface TrialReport {
  readonly reaches: boolean;
  readonly routes: boolean;
  readonly variables: Readonly<Record<string, string>>;
  /** The environments of all processes that it can read, as hashes. */
  readonly environments: readonly string[];
  readonly entries: readonly string[];
  readonly tooMuchMemory: boolean;
}

/**
 * A harmless Python program that tries the walls of its sandbox, prints what it found as a line of JSON, and then waits
 * to be killed, together with a child that has left its process group. No packet leaves the machine: a datagram socket
 * that is only connected shows whether there is a route.
 */
export function trialProgram(questions: TrialQuestions): string {
  return `import json\nasked = json.loads(${JSON.stringify(JSON.stringify(questions))})\n${trial}`;
}

const trial = `import glob, hashlib, json, mmap, os, socket, time
report = {}

def works(action):
    try:
        action()
        return True
    except (OSError, ValueError, MemoryError):
        return False

def route(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((address, 9))

def environments():
    for name in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(name, "rb") as file:
                yield hashlib.sha256(file.read()).hexdigest()
        except OSError:
            pass

report["reaches"] = works(lambda: socket.create_connection(("127.0.0.1", asked["port"]), 2).close())
report["routes"] = works(lambda: route(socket.AF_INET, "192.0.2.1")) or works(lambda: route(socket.AF_INET6, "2001:db8::1"))
report["variables"] = dict(os.environ)
report["environments"] = list(environments())
try:
    report["entries"] = os.listdir(asked["folder"])
except OSError:
    report["entries"] = []
report["tooMuchMemory"] = works(lambda: mmap.mmap(-1, asked["memoryBytes"]).close())
ready, told = os.pipe()
if os.fork() == 0:
    os.setsid()
    os.write(told, b"1")
    time.sleep(60)
    os._exit(0)
os.read(ready, 1)
print(json.dumps(report), flush=True)
time.sleep(60)
`;
