/**
 * Functions of PHP, by their names. Data only; where a call of one stands for an attack is told elsewhere.
 */

/** Extensions begin the names of their functions so: `array_diff`, `pg_connect`, `sodium_memzero`. */
const families =
  /^(?:add|apc|apcu|array|assert|base64|bin|bz|cal|call|chunk|class|collator|connection|constant|convert|create|crypt|ctype|cubrid|curl|date|datefmt|db2|dba|dbase|debug|define|disk|dns|easter|eio|enchant|ereg|error|escapeshell|event|exif|expect|extension|fbird|file|finfo|forward|fputcsv|ftp|func|geoip|get|gettext|gmp|gnupg|grapheme|gz|hash|headers|highlight|html|http|ibase|iconv|idn|ignore|image|imap|import|in|inet|ini|inotify|intl|iptc|is|jd|json|ldap|levenshtein|libxml|locale|mailparse|mb|mcrypt|memcache|method|mhash|mime|money|move|msg|msgfmt|mssql|mysql|mysqli|net|nl|normalizer|number|numfmt|ob|oci|odbc|opcache|openssl|parse|password|pcntl|pdf|pg|php|posix|preg|print|proc|property|ps|pspell|quoted|radius|random|rar|readline|recode|register|resourcebundle|restore|rrd|sem|session|set|shm|shmop|similar|snmp|socket|sodium|spl|sqlite|sqlsrv|ssh2|str|stream|strip|stripslashes|substr|svn|sybase|sys|tidy|trader|transliterator|trigger|ucwords|unregister|uopz|user|utf8|var|vfprintf|wddx|win32|xattr|xhprof|xml|xmlrpc|xmlwriter|yaml|yaz|zend|zip|zlib)_[a-z0-9_]{2,60}$/

const list = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

/** Nobody else's names: a call of one is PHP. */
const own: ReadonlySet<string> = list(
  'addcslashes addslashes arsort assert base_convert bin2hex bindec boolval bzcompress bzdecompress checkdate checkdnsrr chgrp chmod chroot clearstatcache closedir closelog compact crc32 decbin ' +
    'dechex decoct die dl dom_import_simplexml doubleval escapeshellarg escapeshellcmd eval exec explode extract fclose feof fflush fgetc fgetcsv fgets fgetss fileatime filectime filegroup fileinode ' +
    'filemtime fileowner fileperms filesize filetype floatval fopen fpassthru fprintf fputcsv fputs fread fscanf fseek fsockopen ftell ftok ftruncate fwrite getcwd getdate getenv gethostbyaddr ' +
    'gethostbyname gethostbynamel gethostname getlastmod getmxrr getmyinode getmypid getmyuid getopt getprotobyname getrusage getservbyname gettimeofday gettype glob gmmktime gzcompress gzdecode ' +
    'gzdeflate gzencode gzfile gzgets gzinflate gzopen gzpassthru gzread gzuncompress gzwrite hex2bin hexdec htmlentities htmlspecialchars implode include include_once intval krsort lcfirst ' +
    'lcg_value lchgrp lchown linkinfo localeconv lstat mail metaphone microtime mktime mt_rand mt_srand natcasesort natsort nl2br octdec opendir openlog passthru pclose pfsockopen phpcredits phpinfo ' +
    'phpversion popen putenv rawurldecode rawurlencode readdir readfile readgzfile readlink realpath_cache_get require require_once rewinddir scandir serialize setcookie setrawcookie settype ' +
    'shell_exec simplexml_load_file simplexml_load_string soundex sprintf srand sscanf strcasecmp strcspn stripcslashes stripos stripslashes stristr strnatcmp strncasecmp strncmp strpbrk strrchr ' +
    'strrev strripos strspn strtotime strtr strval symlink syslog system tempnam tmpfile token_get_all uasort ucfirst ucwords uksort umask uniqid unlink unpack unserialize urldecode urlencode usleep ' +
    'usort vprintf vsprintf wordwrap xpath_eval',
)

/** Others have functions of these names as well; only hidden ones count. */
const shared: ReadonlySet<string> = list(
  'abs asort ceil chop chr compile constant copy count crypt current date define defined delete each echo end exit exp file floor header join key ksort link list log ltrim max md5 min mkdir next ' +
    'open ord pack pi pow prev print printf rand range rename replace reset rmdir round rsort rtrim sha1 shuffle sizeof sleep sort split sqrt stat strlen strpos substr time touch trim',
)

/** Whether a call of this name is PHP's wherever it stands alone. */
export function isPhp(name: string): boolean {
  return own.has(name) || families.test(name)
}

/** Whether PHP has a function of this name, whoever else has. */
export function isPhpToo(name: string): boolean {
  return isPhp(name) || shared.has(name)
}
