<?php
declare(strict_types=1);

return ['key' => 'gateway-key'];
