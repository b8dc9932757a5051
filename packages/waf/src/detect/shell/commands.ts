/**
 * Commands that an injected line calls, in two kinds. Data only; what makes of a word a command is told elsewhere. The
 * names are those of the usual Unix systems, of Windows, and of programs known for running others.
 */

const set = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/))

/** Words that are nothing but commands: behind a separator they need no argument. */
const sure: ReadonlySet<string> = set(
  `whoami uname ifconfig ipconfig netstat wget curl nslookup chmod chown chgrp rmdir rm cp mv ls ps pwd egrep fgrep awk gawk mawk sed xargs tftp scp rsync powershell pwsh
   cmd.exe powershell.exe certutil bitsadmin wmic mshta rundll32 regsvr32 cscript wscript vssadmin printenv lsof dmesg useradd usermod userdel crontab systemctl iptables busybox xxd
   mkfifo tcpdump nmap traceroute tracert systeminfo tasklist taskkill regedit getent phpinfo mkdir mknod insmod modprobe sudo visudo chsh chroot lsblk lspci lsusb lscpu lsmod ifdown ifup
   id echo printf netcat ncat nc dig ssh-keygen sysctl arp ip6tables tcping ping6 ping fping hping3 zcat bzcat xzcat tac rev base64 base32 od hexdump strings nohup setsid mkpasswd passwd
   diskpart icacls cacls takeown attrib findstr netsh schtasks ipcs ldd ldconfig telnetd mysqldump pg_dump psql socat openssl gcc g++ cc c++ killall pkill pgrep pidof usleep
   aa-exec aa-disable aa-enforce aa-complain agetty aptitude aria2c arj atobm basenc basez batcat bpftrace bsdtar bzless bzmore busctl byebug c89 c99 c_rehash capsh certbot check_by_ssh check_cups
   check_log check_memory check_raid choom chpasswd cobc cpan cpio cpulimit cscli csplit csvtool cupsfilter debugfs dmidecode dmsetup dpkg dpkg-query easyrsa easy_install efax espeak exiftool facter fallocate fdisk
   fusermount gcore gdb genie ghci gimp ginsh gpasswd groupadd groupdel gtester gzexe hexedit hostnamectl htop iconv iftop ionice iostat iotop ispell jexec jjs journalctl jrunscript keytool killall5
   ksshell kubectl lastlog lastb latexmk ldapsearch lftp loginctl logname logsave losetup lsattr chattr lsb_release lsns ltrace lualatex luatex lwp-download lwp-request mkfs mlocate mosquitto_pub mosquitto_sub
   mpstat msfconsole msgattrib msgcat msgconv msgfilter msgmerge msguniq mtr mysqladmin nasm ncdu ncftp nethogs newgrp nmcli nodejs nroff nsenter ntpdate openvpn openvt opkg pdflatex pdftex perlbug pexec
   pidstat pkexec poweroff ptx puppet pwck rake readelf redis-server restic rlogin rlwrap rmt rmt-tar rmt-dump rpmdb rpmquery rpmverify rsh rtorrent run-mailcap run-parts rview rvim sash scanmem setarch setcap
   getcap setfacl getfacl setfattr shuf slsh smbclient soelim sqlite3 sqlmap sshd sshpass ssh-agent ssh-add ssh-keyscan start-stop-daemon stdbuf strace stty sudoedit svnadmin systemd-run systemd-resolve taskset
   tasksh tclsh tdbtool telinit tmate torify torsocks troff tshark tune2fs umount uconv unexpand unlzma unrar unshare unsquashfs unxz unzstd unlz4 update-alternatives uuencode uudecode valgrind varnishncsa
   vigr vipw vmstat volatility w3m wireshark xelatex xetex xmodmap xpad xdotool xzgrep xzless yelp zfgrep zgrep zless zmore zstd zstdcat zstdgrep zstdless zsoelim zypper adduser addgroup deluser delgroup chage
   bcdboot bcdedit bcp.exe certreq cipher.exe cmdkey cmstp csvde desktopimgdownldr diskshadow driverquery dsquery dsget esentutl extrac32 fltmc forfiles fsutil ftype getmac gpresult gpupdate hh.exe ieexec
   infdefaultinstall installutil klist ldifde logman logoff makecab mavinject mountvol msbuild msiexec msxsl nbtstat nltest ntdsutil odbcconf openfiles pathping pcalua pnputil presentationhost procdump qprocess
   quser qwinsta rasautou regasm regini regsvcs robocopy rpcping runas schtasks.exe scriptrunner sfc.exe syncappvpublishingserver tskill tttracer typeperf verclsid w32tm wbadmin wevtutil winrm winrs wsreset
   xcopy xwizard iwr iex irm gwmi icm wusa ash tcsh zsh ksh csh dash rbash mksh fish elvish pwsh.exe apt-key dnf yum apk brew zcmp zdiff bunzip2 lzcat lz4cat lzma mkdosfs hexyl proot podman crictl minikube
   etcdctl dash.exe bash.exe sh.exe nc.exe wsl.exe reg.exe net.exe sc.exe whoami.exe curl.exe .shell .system .databases .tables .schema`,
)

/** Words that are also English, or names of things: they need an argument that only a shell would get. */
const doubtful: ReadonlySet<string> = set(
  `cat head tail more less sort find file date time who w last kill touch test type dir net host hostname uptime env set export source eval exec bash sh cmd cd comm cmp
   python perl ruby php node lua java javac go vi vim nano emacs ed ex ftp telnet ssh git svn make man mail mount df du free top cut tr wc uniq diff tar gzip gunzip
   zip unzip bzip2 7z rar dd tee grep split join paste fold nl look which whereis locate apt apt-get pip npm gem docker service reboot shutdown halt init batch
   copy move del erase ren rename start call reg sc query ver vol tree route script expect screen tmux watch yes seq true false read alias unset trap wait jobs ll la
   bg fg stat realpath readlink basename dirname ln install patch hash help history command builtin declare typeset bridge ip tc ss nft axel lynx links fetch lp lpr
   mysql redis-cli mongo crash cowsay finger flock jq julia latex perf column expand shred sync truncate hd ab ar as bc eb pg pr pry rc task view write octave pico restic pandoc
   ansible chef knife composer bundler cancel codex nice timeout rpm sleep ul wish xmore whiptail rust cargo yarn npx deno bun dialog fmt mutt mawk joe ksu
   sftp snap tbl tex tic whois groups users login logger lsof nginx vault terraform helm vagrant aws gcloud az nawk pax parted procmail psftp red rdesktop scrot sg su tcpkill tee wall xz`,
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
  while (end > 0 && (word[end - 1] === '.' || isDigit(word, end - 1))) end--
  if (end === word.length || end === 0 || !isDigit(word, end)) return ''
  return word.slice(0, word[end - 1] === '-' ? end - 1 : end)
}

function isDigit(word: string, at: number): boolean {
  const code = word.charCodeAt(at)
  return code >= 48 && code <= 57
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
