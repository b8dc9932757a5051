/**
 * Commands that an injected line calls, in two kinds. Data only; what makes of a word a command is told elsewhere. The
 * names are those of the usual Unix systems, of Windows, and of programs known for running others.
 */
import { isDigit } from '../characters.ts'

const set = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/))

/** Words that are nothing but commands: behind a separator they need no argument. */
const sure: ReadonlySet<string> = set(
  '.databases .schema .shell .system .tables aa-complain aa-disable aa-enforce aa-exec addgroup adduser agetty apk aptitude aria2c arj arp ash atobm attrib awk base32 base64 basenc basez bash.exe ' +
    'batcat bcdboot bcdedit bcp.exe bitsadmin bpftrace brew bsdtar bunzip2 busctl busybox byebug bzcat bzless bzmore c++ c89 c99 c_rehash cacls capsh cc certbot certreq certutil chage chattr ' +
    'check_by_ssh check_cups check_log check_memory check_raid chgrp chmod choom chown chpasswd chroot chsh cipher.exe cmd.exe cmdkey cmstp cobc cp cpan cpio cpulimit crictl crontab cscli cscript ' +
    'csh csplit csvde csvtool cupsfilter curl curl.exe dash dash.exe debugfs delgroup deluser desktopimgdownldr dig diskpart diskshadow dmesg dmidecode dmsetup dnf dpkg driverquery dsget dsquery ' +
    'easy_install easyrsa echo efax egrep elvish esentutl espeak etcdctl exiftool extrac32 facter fallocate fdisk fgrep findstr fish fltmc forfiles fping fsutil ftype fusermount g++ gawk gcc gcore ' +
    'gdb genie getcap getent getfacl getmac ghci gimp ginsh gpasswd gpresult gpupdate groupadd groupdel gtester gwmi gzexe hexdump hexedit hexyl hh.exe hostnamectl hping3 htop icacls icm iconv id ' +
    'ieexec iex ifconfig ifdown iftop ifup infdefaultinstall insmod installutil ionice iostat iotop ip6tables ipconfig ipcs iptables irm ispell iwr jexec jjs journalctl jrunscript keytool killall ' +
    'klist ksh ksshell kubectl lastb lastlog latexmk ldapsearch ldconfig ldd ldifde lftp loginctl logman logname logoff logsave losetup ls lsattr lsb_release lsblk lscpu lsmod lsns lsof lspci lsusb ' +
    'ltrace lualatex luatex lwp-download lwp-request lz4cat lzcat lzma makecab mavinject mawk minikube mkdir mkdosfs mkfifo mkfs mknod mkpasswd mksh mlocate modprobe mosquitto_pub mosquitto_sub ' +
    'mountvol mpstat msbuild msfconsole msgattrib msgcat msgconv msgfilter msgmerge msguniq mshta msiexec msxsl mtr mv mysqladmin mysqldump nasm nbtstat nc nc.exe ncat ncdu ncftp net.exe netcat ' +
    'nethogs netsh netstat newgrp nltest nmap nmcli nodejs nohup nroff nsenter nslookup ntdsutil ntpdate od odbcconf openfiles openssl openvpn openvt opkg passwd pathping pcalua pdflatex pdftex ' +
    'perlbug pexec pg_dump pgrep phpinfo pidof pidstat ping pkexec pkill pnputil podman poweroff powershell powershell.exe presentationhost printenv printf procdump proot ps psql ptx puppet pwck pwd ' +
    'pwsh pwsh.exe qprocess quser qwinsta rake rasautou rbash readelf redis-server reg.exe regasm regedit regini regsvcs regsvr32 restic rev rlogin rlwrap rm rmdir rmt rmt-dump rmt-tar robocopy ' +
    'rpcping rpmdb rpmquery rpmverify rsh rsync rtorrent run-mailcap run-parts runas rundll32 rview rvim sash sc.exe scanmem schtasks schtasks.exe scp scriptrunner sed setarch setcap setfacl ' +
    'setfattr setsid sfc.exe sh.exe shuf slsh smbclient socat soelim sqlite3 sqlmap sshd sshpass start-stop-daemon stdbuf strace strings stty sudo sudoedit svnadmin syncappvpublishingserver sysctl ' +
    'systemctl systeminfo tac takeown taskkill tasklist taskset tasksh tclsh tcpdump tcping tcsh tdbtool telinit telnetd tftp tmate torify torsocks traceroute tracert troff tshark tskill tttracer ' +
    'tune2fs typeperf uconv umount uname unexpand unlz4 unlzma unrar unshare unsquashfs unxz unzstd update-alternatives useradd userdel usermod usleep uudecode uuencode valgrind varnishncsa verclsid ' +
    'vigr vipw visudo vmstat volatility vssadmin w32tm w3m wbadmin wevtutil wget whoami whoami.exe winrm winrs wireshark wmic wscript wsl.exe wsreset wusa xargs xcopy xdotool xelatex xetex xmodmap ' +
    'xpad xwizard xxd xzcat xzgrep xzless yelp yum zcat zcmp zdiff zfgrep zgrep zless zmore zsh zsoelim zstd zstdcat zstdgrep zstdless zypper',
)

/** Words that are also English, or names of things: they need an argument that only a shell would get. */
const doubtful: ReadonlySet<string> = set(
  '7z ab alias ansible apt apt-get ar as aws axel az basename bash batch bc bg bridge builtin bun bundler bzip2 call cancel cargo cat cd chef cmd cmp codex column comm command composer copy cowsay ' +
    'crash cut date dd declare del deno df dialog diff dir dirname docker du eb ed emacs env erase eval ex exec expand expect export false fetch fg file find finger flock fmt fold free ftp gcloud ' +
    'gem git go grep groups gunzip gzip halt hash hd head helm help history host hostname init install ip java javac jobs joe join jq julia kill knife ksu la last latex less links ll ln locate ' +
    'logger login look lp lpr lsof lua lynx mail make man mawk mongo more mount move mutt mysql nano nawk net nft nginx nice nl node npm npx octave pandoc parted paste patch pax perf perl pg php ' +
    'pico pip pr procmail pry psftp python query rar rc rdesktop read readlink realpath reboot red redis-cli reg ren rename restic route rpm ruby rust sc screen script scrot seq service set sftp sg ' +
    'sh shred shutdown sleep snap sort source split ss ssh start stat su svn sync tail tar task tbl tc tcpkill tee telnet terraform test tex tic time timeout tmux top touch tr trap tree true ' +
    'truncate type typeset ul uniq unset unzip uptime users vagrant vault ver vi view vim vol w wait wall watch wc whereis which whiptail who whois wish write xmore xz yarn yes zip',
)

/** Words of the shell itself that a command may follow. */
export const leading: ReadonlySet<string> = set(
  'then do else elif if while until ! sudo nohup time exec env command builtin nice timeout busybox stdbuf setsid xargs watch strace ltrace',
)

/** Commands that run the one behind them. */
export const runners: ReadonlySet<string> = set(
  'time nohup strace ltrace sudo setsid stdbuf ionice chroot unshare nsenter busybox taskset flock cpulimit nice timeout env exec xargs watch doas su script torify torsocks proot',
)

/** Commands that are nothing else even where they stand alone. */
export const unmistakable: ReadonlySet<string> = set(
  'whoami ifconfig ipconfig visudo lsof tasklist systeminfo printenv lsmod',
)

/** Commands that show the file behind them. */
export const readers: ReadonlySet<string> = set(
  'cat head tail more less nl vi vim nano view sort uniq cut grep file stat',
)

const families = /^(?:ansible|chef|systemd|dpkg|apt|kube|ssh|mysql|x86_64-linux-gnu)-[a-z-]{2,30}$/
const cmdlet =
  /^(?:get|set|new|remove|invoke|start|stop|add|import|export|out|write|select|convertto|convertfrom|test|enable|disable|install|register|restart|expand|compress)-(?:webrequest|expression|restmethod|command|item|itemproperty|childitem|content|process|service|object|wmiobject|ciminstance|wmimethod|module|localuser|localgroupmember|aduser|acl|executionpolicy|psdrive|pssession|scheduledtask|mppreference|netfirewallrule|string|file|host|output|archive|clipboard|variable|alias|eventlog|computer|hotfix|location|sleep|bitstransfer|dscresource|job|help|history|securestring|csv|json|connection|netconnection|path|type)$/

/** Without the version at the end of a name: `python3.11`, `gcc-12`, `perl5`; empty where there is none. */
function unversioned(word: string): string {
  let end = word.length
  while (end > 0 && (word[end - 1] === '.' || isDigit(word.charCodeAt(end - 1)))) end--
  if (end === word.length || end === 0 || !isDigit(word.charCodeAt(end))) return ''
  return word.slice(0, word[end - 1] === '-' ? end - 1 : end)
}

/** Words that are nothing but commands, whatever their version. */
export function isSure(word: string): boolean {
  if (sure.has(word)) return true
  if (word.length < 3 || word.length > 40) return false
  if (word.includes('-') && (families.test(word) || cmdlet.test(word))) return true
  const name = unversioned(word)
  return name.length > 1 && sure.has(name)
}

/** Words that are commands and something else. */
export function isDoubtful(word: string): boolean {
  if (doubtful.has(word)) return true
  if (word.length < 3 || word.length > 24) return false
  const name = unversioned(word)
  return name.length > 1 && doubtful.has(name)
}

/** `net view`: what follows makes of these words a command. */
export const subcommands: ReadonlyMap<string, RegExp> = new Map([
  ['net', /^(?:user|view|localgroup|group|share|start|stop|use|session|accounts|config)\b/i],
  ['ip', /^(?:a|addr|address|link|route|neigh|rule|netns)\b/],
  ['reg', /^(?:add|query|delete|save|export)\s+["']?hk/i],
  ['sc', /^(?:query|create|start|stop|config)\b/i],
  ['git', /^(?:clone|config|init)\s+\S/],
  ['docker', /^(?:run|exec|pull)\s+\S|^ps\s*$/],
  ['apt', /^(?:install|update|-)/],
  ['apt-get', /^(?:install|update|-)/],
  ['pip', /^(?:install|download|-)/],
  ['npm', /^(?:install|i|exec)\s/],
  ['gem', /^(?:install|fetch)\s/],
  ['yum', /^(?:install|-)/],
  ['apk', /^(?:add|-)/],
  ['query', /^user\b/],
  ['set', /^[-+][a-z]\b/],
  ['alias', /^(?:[-+]\w\+?\s+)?["']?[\w.-]+["']?=/],
  ['export', /^\w+=/],
  ['kubectl', /^(?:get|exec|run|apply|delete|describe|proxy|cp|create|logs)\b/],
  ['systemctl', /^(?:start|stop|status|enable|disable|restart|mask|list-\w+)\b/],
  ['crontab', /^-/],
  ['ansible', /^\S+\s+-{1,2}[a-z]/],
  ['ansible-vault', /^(?:encrypt|decrypt|view|edit|create|rekey)\b/],
  ['ansible-galaxy', /^(?:collection|role|install|list|init)\b/],
  ['ansible-config', /^(?:dump|list|view|init)\b/],
  ['ansible-doc', /^(?:-|plugin|\w+\s*$)/],
  ['chef', /^(?:report|generate|exec|install|push|show-policy|export|shell-init|env)\b/],
  ['chef-run', /^\S+\s+\S/],
  ['knife', /^(?:ssh|exec|node|client|bootstrap|data)\s+\S/],
  ['cscli', /^(?:alerts|decisions|collections|machines|bouncers|hub|parsers|scenarios)\s+\S/],
  ['terraform', /^(?:apply|destroy|plan|init)\s*(?:-|$)/],
  ['vault', /^(?:read|write|kv|login|token)\s+\S/],
  ['aws', /^(?:s3|ec2|iam|sts|lambda|ssm|secretsmanager)\s+\S/],
])
