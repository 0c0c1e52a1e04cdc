/** What a service manager has to know to run the daemon. All paths are absolute. */
export interface ServiceFacts {
  /** The Node that runs it. */
  readonly node: string;
  readonly daemonEntry: string;
  readonly home: string;
  readonly logPath: string;
  /** Name of the service, without an ending. */
  readonly name: string;
}

/** A word of a systemd unit: quoted, and with nothing in it that systemd would replace. */
const unitWord = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;

/** A systemd user unit. One that was stopped on purpose stays stopped; the daemon ends its own children. */
export function systemdUnit({ node, daemonEntry, home }: ServiceFacts): string {
  const words = [node, daemonEntry, '--started-by', 'user'].map((word) => unitWord(word).replaceAll('$', '$$$$'));
  return `[Unit]
Description=codex daemon of ${home.replaceAll('%', '%%')}

[Service]
ExecStart=${words.join(' ')}
Environment=${unitWord(`CODEX_HOME=${home}`)}
Restart=on-failure
RestartSec=5
KillMode=mixed
TimeoutStopSec=40

[Install]
WantedBy=default.target
`;
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A launchd agent. */
export function launchdAgent({ node, daemonEntry, home, logPath, name }: ServiceFacts): string {
  const words = [node, daemonEntry, '--started-by', 'user'].map((word) => `    <string>${xml(word)}</string>`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xml(name)}</string>
  <key>ProgramArguments</key>
  <array>
${words.join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>CODEX_HOME</key>
    <string>${xml(home)}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ExitTimeOut</key>
  <integer>40</integer>
  <key>StandardErrorPath</key>
  <string>${xml(logPath)}</string>
</dict>
</plist>
`;
}
