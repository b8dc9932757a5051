/**
 * Files and directories whose very name tells what is wanted, as the last segments of a path. Data only: whether a path
 * leads there is told elsewhere.
 */
export const secretFiles: readonly (readonly string[])[] = (
  'etc/passwd etc/shadow etc/group etc/gshadow etc/issue etc/hosts etc/hostname etc/sudoers etc/crontab ' +
  'etc/fstab etc/motd etc/resolv.conf etc/ssh etc/apache etc/apache2 etc/httpd etc/nginx etc/mysql ' +
  'etc/my.cnf etc/php etc/php.ini etc/security etc/ssl etc/samba etc/vsftpd etc/proftpd etc/cron.d ' +
  'etc/environment etc/master.passwd etc/os-release proc/self proc/sys proc/version proc/cmdline proc/net ' +
  'proc/mounts proc/cpuinfo proc/1 proc/sched_debug proc/environ proc/meminfo var/log var/www ' +
  'var/run/secrets var/lib/mysql var/spool/cron var/mail boot.ini win.ini system.ini php.ini httpd.conf ' +
  'windows/system32 winnt/system32 winnt/repair windows/repair windows/win.ini windows/php.ini ' +
  'windows/panther windows/debug windows/iis6.log inetpub/logs system32/config system32/drivers cmd.exe ' +
  'access.log error.log access_log error_log web.config web-inf meta-inf wp-config.php id_rsa id_dsa ' +
  'id_ecdsa id_ed25519 authorized_keys known_hosts .bash_history .bashrc .history .htaccess .htpasswd ' +
  '.mysql_history .netrc .npmrc .pgpass .env .ssh .aws .git .svn .docker .kube .profile .zsh_history .hg ' +
  '.gnupg'
)
  .split(' ')
  .map((path) => path.split('/'))
