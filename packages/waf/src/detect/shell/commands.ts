/**
 * Commands that an injected line calls, in two kinds. Data only; what makes of a word a command is told elsewhere.
 */

const set = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/))

/** Words that are nothing but commands: behind a separator they need no argument. */
export const sure: ReadonlySet<string> = set(
  `whoami uname ifconfig ipconfig netstat wget curl nslookup chmod chown chgrp rmdir rm cp mv ls ps pwd egrep fgrep awk gawk mawk sed xargs tftp scp rsync powershell pwsh
   cmd.exe powershell.exe certutil bitsadmin wmic mshta rundll32 regsvr32 cscript wscript vssadmin printenv lsof dmesg useradd usermod userdel crontab systemctl iptables busybox xxd
   mkfifo tcpdump nmap traceroute tracert systeminfo tasklist taskkill regedit getent phpinfo mkdir mknod insmod modprobe sudo visudo chsh chroot lsblk lspci lsusb lscpu lsmod ifdown ifup
   id echo printf netcat ncat nc dig ssh-keygen sysctl arp ip6tables tcping ping6 ping fping hping3 zcat bzcat xzcat tac rev base64 base32 od hexdump strings nohup setsid mkpasswd passwd
   diskpart icacls cacls takeown attrib findstr netsh schtasks ipcs ldd ldconfig telnetd mysqldump pg_dump psql socat openssl gcc g++ killall pkill pgrep pidof usleep`,
)

/** Words that are also English, or names of things: they need an argument that only a shell would get. */
export const doubtful: ReadonlySet<string> = set(
  `cat head tail more less sort find file date time who w last kill touch test type dir net host hostname uptime env set export source eval exec bash sh zsh ksh csh tcsh dash fish ash cmd
   python python2 python3 perl ruby php node nodejs lua java javac go gdb vi vim nano emacs ed ex ftp telnet ssh git svn make man mail mount umount df du free top cut tr wc uniq diff tar gzip gunzip
   zip unzip bzip2 7z rar cpio dd tee grep split join paste fold nl look which whereis locate apt apt-get yum dnf apk pip npm gem docker kubectl crictl service reboot shutdown halt init batch
   copy move del erase ren rename start call reg sc query systeminfo ver vol tree tasklist route strace ltrace script expect screen tmux watch yes seq true false read alias unset trap wait jobs
   bg fg stat realpath readlink basename dirname ln install patch hash help history command builtin declare printf bridge ip tc ss nft aria2c axel lynx links w3m lwp-download fetch lp lpr
   mysql sqlite3 redis-cli mongo psql capsh crash cpan cowsay csvtool dmsetup dpkg easy_install facter finger flock gimp iftop ionice jjs jq jrunscript julia latex logsave
   ansible-playbook ansible composer busctl byebug bundler c89 c99 cancel check_by_ssh cobc codex cpulimit chattr cscli timeout nice stdbuf taskset unshare run-parts rpm rpmdb rpmquery rvim rview
   service setarch start-stop-daemon sleep tclsh torify ul unexpand vigr vipw wish xelatex xetex xmodmap xmore xpad yelp zsoelim zypper whiptail msgattrib msgcat nmap nsenter octave pico puppet rlwrap rsync
   sash sftp slsh smbclient snap soelim sqlmap ssh-keyscan task tbl tex tic time tshark troff valgrind view vimdiff volatility wireshark whois write xargs sysctl mtr ntpdate tmate`,
)

/** Words of the shell itself that a command may follow. */
export const leading: ReadonlySet<string> = set(
  'then do else elif if while until ! sudo nohup time exec env command builtin nice timeout busybox stdbuf setsid xargs watch',
)

/** `net view`: what follows makes of these words a command. */
export const subcommands: ReadonlyMap<string, RegExp> = new Map([
  ['net', /^(?:user|view|localgroup|group|share|start|stop|use|session|accounts|config)\b/i],
  ['ip', /^(?:a|addr|address|link|route|neigh|rule|netns)\b/],
  ['reg', /^(?:add|query|delete|save|export)\b/i],
  ['sc', /^(?:query|create|start|stop|config)\b/i],
  ['git', /^(?:clone|pull|config|init)\s/],
  ['docker', /^(?:run|exec|ps|pull)\b/],
  ['apt', /^(?:install|update|-)/],
  ['apt-get', /^(?:install|update|-)/],
  ['pip', /^(?:install|-)/],
  ['npm', /^(?:install|i|exec)\s/],
  ['query', /^user\b/],
])
