<?php
declare(strict_types=1);

namespace App\Pay\TestGateway\Impl;

class Signature implements \App\Pay\Signature
{
    public function verification(array $data, array $config): bool
    {
        return hash_equals(md5($data['order'] . $data['amount'] . $config['key']), (string)($data['proof'] ?? ''));
    }
}
