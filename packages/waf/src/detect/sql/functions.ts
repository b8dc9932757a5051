/**
 * Functions of the five databases, by their names. Data only; where a call of one stands for an attack is told elsewhere.
 */

const telling =
  'aes_decrypt ascii bin bit_length cast char char_length chr coalesce compress concat concat_ws conv convert cos count current_user database db_name decode field floor from_base64 group_concat hex ' +
  'host_name if ifnull iif instr isnull left length like load_file locate lower lpad md5 mid nullif nvl ord pi position quote rand repeat replace reverse right rpad schema session_user sha1 sin ' +
  'space strcmp substr substring system_user to_base64 trim uncompress unhex upper user version xmlagg'
/** Not here: those of one letter, or of everybody's language. */
const others =
  'abs acos adddate addtime aes_encrypt array_agg asin atan atan2 avg benchmark bit_and bit_count bit_or bit_xor ceil ceiling character_length charset coercibility collation connection_id convert_tz ' +
  'cot crc32 curdate current_database current_date current_setting current_time current_timestamp curtime date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear ' +
  'default degrees des_decrypt des_encrypt dump elt encode encrypt exp export_set extract extractvalue find_in_set format found_rows from_days from_unixtime get_lock glob greatest hour in ' +
  'inet_aton inet_ntoa insert interval is_free_lock is_used_lock isdate isnumeric last last_day last_insert_id lcase least ln local localtime localtimestamp log log10 log2 ltrim make_set makedate ' +
  'master_pos_wait max microsecond min minute mod month monthname name_const newid not now object_id oct octet_length old_password password period_add period_diff pg_ls_dir pg_read_file pg_sleep ' +
  'pow power quarter quotename radians randomblob release_lock round row_count rtrim sec_to_time second sha sha2 sign sleep soundex sqlite_version sqrt std stddev stddev_pop str_to_date string_agg ' +
  'subdate substring_index subtime sum suser_name sysdate tan time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_char to_date to_days to_number truncate typeof ucase ' +
  'unicode unix_timestamp updatexml user_name utc_date utc_time utc_timestamp uuid values var_pop variance week weekday weekofyear xmltype year zeroblob'

/** Functions that tell what the database knows, or help to. */
export const tellingFunctions: ReadonlySet<string> = new Set(`${telling} case json_extract`.split(' '))

/** All that a text may leave open. */
export const sqlFunctions: ReadonlySet<string> = new Set(`${telling} ${others}`.split(' '))
