/**
 * Functions of PHP, by their names. Data only; where a call of one stands for an attack is told elsewhere.
 */

/** Extensions begin the names of their functions so: `array_diff`, `pg_connect`, `sodium_memzero`. */
const families =
  /^(?:array|str|is|mb|preg|ereg|curl|pg|odbc|mysql|mysqli|sodium|openssl|socket|stream|ftp|ldap|xml|xmlrpc|xmlwriter|zip|gz|bz|image|json|date|iconv|ctype|posix|pcntl|session|spl|apc|apcu|tidy|msg|shm|shmop|sem|imap|hash|gmp|oci|ibase|fbird|sqlsrv|sqlite|mssql|sybase|db2|dba|enchant|exif|finfo|geoip|gnupg|inotify|libxml|mailparse|memcache|mcrypt|mhash|ncurses|newt|opcache|pspell|radius|rar|readline|recode|rrd|snmp|ssh2|svn|uopz|wddx|win32|xattr|xhprof|yaml|yaz|zlib|zend|cubrid|ingres|maxdb|dbase|dbx|fam|fdf|filepro|gettext|msession|openal|ovrimos|pdf|ps|px|qdom|trader|udm|vpopmail|event|eio|expect|cairo|collator|datefmt|grapheme|idn|intl|locale|msgfmt|normalizer|numfmt|resourcebundle|transliterator|inet|highlight|debug|error|func|ini|ob|php|proc|restore|var|call|iptc|assert|forward|trigger|random|password|cal|easter|jd|http|utf8|html|dns|move|register|ignore|create|escapeshell|file|parse|import|get|set|print|base64|convert|fputcsv|stripslashes|strip|add|quoted|sys|disk|user|unregister|headers|constant|get|class|method|property|in|is|ezmlm|crypt|mime|connection|chunk|define|extension|net|bin|nl|number|money|similar|substr|levenshtein|ucwords|vfprintf)_[a-z0-9_]{2,60}$/

const list = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

/** Nobody else's names: a call of one is PHP. */
const own: ReadonlySet<string> = list(
  `strrev unpack symlink unserialize readfile bzdecompress bzcompress gzdecode gzinflate gzuncompress gzcompress gzencode gzdeflate gzopen gzfile gzpassthru readgzfile implode explode nl2br htmlspecialchars
   htmlentities addslashes stripslashes addcslashes stripcslashes ucfirst ucwords lcfirst wordwrap strtotime mktime gmmktime checkdate getdate gettimeofday microtime chgrp filegroup fileowner fileperms fileinode
   filesize filetype fileatime filectime filemtime chroot getcwd tempnam tmpfile realpath_cache_get passthru popen pclose gethostbyname gethostbyaddr gethostbynamel fsockopen pfsockopen openlog closelog syslog
   setcookie setrawcookie usleep uniqid crc32 strpbrk strncmp strcasecmp strncasecmp strnatcmp strspn strcspn stristr strrchr strripos stripos substr_count sprintf vsprintf vprintf fprintf fscanf sscanf fgetcsv
   fputcsv fgets fgetc fgetss fputs fwrite fread fclose feof fflush ftruncate fpassthru fseek ftell rewinddir readdir opendir closedir scandir clearstatcache lchown lchgrp lstat linkinfo readlink umask parse_str
   mb_send_mail escapeshellarg escapeshellcmd phpinfo phpversion phpcredits getenv putenv getmypid getmyuid getmyinode getlastmod getopt getrusage gethostname getservbyname getprotobyname getmxrr checkdnsrr
   usort uasort uksort arsort krsort natsort natcasesort settype gettype intval floatval doubleval strval boolval serialize var_dump var_export extract compact func_get_args bin2hex hex2bin bindec
   decbin dechex decoct hexdec octdec base_convert lcg_value mt_rand mt_srand srand soundex metaphone similar_text nl_langinfo localeconv parse_url urlencode urldecode rawurlencode rawurldecode utf8_encode
   utf8_decode str_rot13 strtr shell_exec exec system eval assert unlink chmod ini_set dl mail die fopen glob call_user_func create_function preg_replace include require include_once require_once ftok sys_getloadavg
   exif_read_data simplexml_load_file simplexml_load_string dom_import_simplexml gzgets gzread gzwrite token_get_all zend_version xpath_eval`,
)

/** Others have functions of these names as well; only hidden ones count. */
const shared: ReadonlySet<string> = list(
  `pi range file pack date time sort rsort asort ksort shuffle count sizeof list each end reset key current next prev join split trim chop rtrim ltrim copy rename mkdir rmdir touch stat link delete print echo printf
   exit sleep define defined constant header md5 sha1 crypt rand abs ceil floor round sqrt pow exp log max min substr strlen strpos replace chr ord compile open system require`,
)

/** Whether a call of this name is PHP's wherever it stands alone. */
export function isPhp(name: string): boolean {
  return own.has(name) || families.test(name)
}

/** Whether PHP has a function of this name, whoever else has. */
export function isPhpToo(name: string): boolean {
  return isPhp(name) || shared.has(name)
}
